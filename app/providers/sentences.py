"""What a person reads of a vendor's error: what happened, why, and what to do, in one sentence.

Nothing here repeats a key or a prompt. The vendor's own words are repeated for a request it could not read,
because nothing else tells what was wrong with it.
"""

from datetime import datetime
from urllib.parse import urlsplit

from app.providers.records import Model, Vendor

_ELSEWHERE = "or take a model of the other vendor"
_WORDS = 160
"""Characters of the vendor's own message that are repeated."""


def no_key(vendor: Vendor) -> str:
    """Say which variable is missing."""
    return (
        f"{vendor.title} cannot be called, because {vendor.key_variable} is not set: make a key at "
        f"{vendor.keys_at}, set the variable and start the server again, {_ELSEWHERE}."
    )


def wrong_key(vendor: Vendor, code: str, url: str) -> str:
    """Say whose key it is, and the places it may come from."""
    pairs = "; ".join(f"{origin.keys_from} with {origin.url}" for origin in vendor.origins)
    return (
        f"{vendor.title} refuses the key in {vendor.key_variable} ({code}): a key is good for one address "
        f"only, and {vendor.url_variable} is {shown(url)}; set a pair that belongs together ({pairs})."
    )


def account(vendor: Vendor, code: str, url: str) -> str:
    """Say that there is no money, or that a key meets the wrong endpoint, which GLM reports alike."""
    return (
        f"{vendor.title} serves nothing more on this account ({code}: no balance, a plan that has ended, or "
        f"a key of another region or plan at {shown(url)}): look at {vendor.billing_at} and "
        f"{vendor.url_variable}, {_ELSEWHERE}."
    )


def window(vendor: Vendor, code: str, until: datetime | None) -> str:
    """Say when the plan's usage window opens again."""
    when = f" until {until:%Y-%m-%d %H:%M} UTC" if until else ""
    return f"{vendor.title}'s usage window of this plan is used up{when} ({code}): wait for it, {_ELSEWHERE}."


def capacity(vendor: Vendor, code: str) -> str:
    """Say that the vendor has too much to do, or gets too much from us."""
    return (
        f"{vendor.title} has no capacity for this call now ({code}): try again in a minute, ask for fewer "
        f"calls at once, {_ELSEWHERE}."
    )


def busy(model: Model, seconds: float) -> str:
    """Say that our own places for a model were taken all the time."""
    return (
        f"All {model.concurrency} places for {model.id} stayed taken for {seconds:g} s, so it was not "
        "called: try again later, or raise its `concurrency` in models.toml if the account allows more."
    )


def crowded(model: Model, waiting: int) -> str:
    """Say that too many calls wait for a model already."""
    return (
        f"{waiting} calls wait for {model.id} already, so it was not called: try again later, {_ELSEWHERE}."
    )


def resting(name: str, reason: str, until: datetime) -> str:
    """Say that a breaker is open, and why."""
    return f"{name} is left alone until {until:%H:%M:%S} UTC because of what it answered last: {reason}"


def unreachable(vendor: Vendor, reason: str, url: str) -> str:
    """Say that the vendor, or the way to it, is down."""
    return (
        f"{vendor.title} could not be reached at {shown(url)} ({reason}): check the network, HTTPS_PROXY and "
        f"{vendor.url_variable}, try again later, {_ELSEWHERE}."
    )


def down(vendor: Vendor, code: str) -> str:
    """Say that the vendor answered that it cannot."""
    return f"{vendor.title} failed on its side ({code}): try again in a minute, {_ELSEWHERE}."


def broken(vendor: Vendor, reason: str) -> str:
    """Say that a 200 held no answer."""
    return (
        f"{vendor.title} accepted the call, but its answer is of no use ({reason}): ask again, {_ELSEWHERE}; "
        "it may be charged."
    )


def not_the_api(vendor: Vendor, reason: str, url: str) -> str:
    """Say that something else than the vendor's API answers at this address."""
    return (
        f"What answers at {shown(url)} is not {vendor.title}'s API ({reason}): correct {vendor.url_variable} "
        f"(the default is {vendor.url})."
    )


def unknown_model(vendor: Vendor, model: str, code: str, known: str) -> str:
    """Say that the vendor does not serve this model to this key, and list what there is."""
    return (
        f"{vendor.title} does not serve {model} to this key ({code}): use another of {known}, or disable it "
        "in models.toml."
    )


def too_long(model: Model, limit: int | None) -> str:
    """Say how long a prompt may be."""
    length = f"{limit:,} tokens" if limit else "its context"
    return (
        f"The prompt is longer than {model.id} takes ({length}): shorten it, leave files out, start a new "
        "thread, or take a model with a longer context (`listmodels` tells)."
    )


def refused_content(vendor: Vendor, code: str) -> str:
    """Say that the vendor does not answer this."""
    return (
        f"{vendor.title} refuses this content ({code}): put it differently, or ask the other vendor's model."
    )


def unreadable(vendor: Vendor, code: str, words: str) -> str:
    """Say that the vendor could not read our request, in its own words."""
    own = f": {_cut(words)}" if words else ""
    return (
        f"{vendor.title} could not read the request ({code}{own}): change what it complains of, "
        "or report it as a bug of this server."
    )


def silent(vendor: Vendor, seconds: float) -> str:
    """Say that nothing came for too long."""
    return (
        f"{vendor.title} was silent for {seconds:g} s, so the call was given up: what arrived is kept, "
        "and it may be charged; ask again if it is worth it."
    )


def late(vendor: Vendor, code: str) -> str:
    """Say that a gateway on the vendor's side gave up."""
    return (
        f"{vendor.title} took too long for its own gateway ({code}): it may still be working and be charged; "
        "ask for less, or again."
    )


def cut(vendor: Vendor) -> str:
    """Say that the connection ended first."""
    return (
        f"The connection to {vendor.title} ended before the answer did: what arrived is kept, and it may be "
        "charged; ask again, or continue from what is there."
    )


def too_large(vendor: Vendor, most: int) -> str:
    """Say that an answer has outgrown every bound."""
    return f"{vendor.title}'s answer went past {most:,} characters and was cut off: ask for less at once."


def shown(url: str) -> str:
    """Return an address without what may be secret in it."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


def _cut(words: str) -> str:
    line = " ".join(words.split()).rstrip(".")
    return line if len(line) <= _WORDS else f"{line[:_WORDS]}…"
