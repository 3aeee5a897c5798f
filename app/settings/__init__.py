"""Settings: the outside world read once, at the edge, into a frozen record."""

from app.settings.errors import ConfigurationError
from app.settings.limits import Limits
from app.settings.record import Settings
from app.settings.secret import Secret
from app.settings.server_file import Client, ServerFile
from app.settings.variables import VARIABLES, Variable

__all__ = [
    "VARIABLES",
    "Client",
    "ConfigurationError",
    "Limits",
    "Secret",
    "ServerFile",
    "Settings",
    "Variable",
]
