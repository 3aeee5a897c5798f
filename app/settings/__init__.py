"""Settings: the outside world read once, at the edge, into a frozen record."""

from app.settings.errors import ConfigurationError
from app.settings.record import Settings
from app.settings.secret import Secret
from app.settings.variables import VARIABLES, Variable

__all__ = ["VARIABLES", "ConfigurationError", "Secret", "Settings", "Variable"]
