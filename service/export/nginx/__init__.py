"""Makes nginx serve the exported folder with the service's validators and negotiation.

Debian's nginx is enough, without further modules or scripts. The service's decisions in Python are
maps of regular expressions here, which nginx evaluates only when their variable is used.
"""

from service.export.nginx.configuration import Serving, configuration

__all__ = ["Serving", "configuration"]
