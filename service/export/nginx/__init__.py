"""How nginx serves the folder with the service's own validators and negotiation.

Debian's nginx is enough: no module beside it, no script. What the service decides in Python is
decided by maps of regular expressions here, which nginx looks at only when it comes to them.
"""

from service.export.nginx.configuration import Serving, configuration

__all__ = ["Serving", "configuration"]
