"""The configuration as the service uses it: both files, checked, with paths made absolute."""

from collections.abc import Mapping

from pydantic import Field

from service.settings.categories_file import CategoriesFile
from service.settings.communique_file import CommuniqueFile
from service.settings.faults import KeyPath, Place
from service.settings.secrets import Secret


class Settings(CategoriesFile, CommuniqueFile):
    """Both files as one, ready to use.

    ``data_folder``, ``categories_file``, ``intake.folders`` and ``outbound.ca_file`` are absolute;
    ``store.url`` is the database to use, also when ``store.url_file`` gave it.
    """

    #: What the ``password_file`` of a hub holds, by the hub's URL.
    hub_passwords: Mapping[str, Secret] = Field(default_factory=dict, exclude=True, repr=False)
    #: Where values were given, by path; what is not there is a default.
    places: Mapping[KeyPath, Place] = Field(default_factory=dict, exclude=True, repr=False)
