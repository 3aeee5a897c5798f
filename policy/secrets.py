"""What looks like a secret, by its name or by its form: a policy pack is not told what Pulumi knows of it."""

import re
from typing import Any

from policy.inputs import UNKNOWN

NAMES = re.compile(
    r"(?:^|_)(?:TOKEN|KEY|PASS|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIALS?|DSN|DATABASE_URL|REDIS_URL|"
    r"OTLP_HEADERS)"
    r"(?:_PREVIOUS)?$"
)
FORMS = re.compile(
    r"://[^/@\s:]*:[^/@\s]+@"  # a URL with a password
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\."  # a JSON web token
    r"|\b(?:sk|pk|rk)[-_](?:live[-_]|proj[-_])?[A-Za-z0-9]{20,}"  # keys of model and payment vendors
    r"|\b(?:ghp|gho|ghs|github_pat|glpat|xox[bp]|sb_secret)[-_]\w{10,}"
    r"|\bAKIA[0-9A-Z]{16}\b"
)


def is_secret(name: str, text: Any) -> bool:
    """Tell whether a variable holds a secret; one that is empty, or names a file, holds none."""
    if text is UNKNOWN or not text:
        return False
    return bool(NAMES.search(name.upper())) or carries_one(str(text))


def carries_one(text: str) -> bool:
    """Tell whether a text has the form of a secret somewhere in it."""
    return bool(FORMS.search(text))
