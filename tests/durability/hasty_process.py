"""`python -m app` whose leases are short, so that a test need not wait half a minute for a dead replica."""

import sys

from app.__main__ import main
from app.jobs import account, keeper

if __name__ == "__main__":
    # The program imports what it serves with only when it starts, so these are in place before.
    account.LEASE_SECONDS = 6.0
    keeper.LEASE_SECONDS, keeper.RENEW_SECONDS, keeper.SWEEP_SECONDS = 6.0, 0.5, 0.5
    sys.exit(main([]))
