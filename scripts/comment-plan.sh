#!/usr/bin/env bash
# Put a plan into a pull request as a comment, written over the one of an earlier run: there is only ever one.
# Usage: scripts/comment-plan.sh FILE
# FILE is what `make preview ARGS=--markdown` printed; its first line marks the comment. The workflow sets
# GH_TOKEN, REPOSITORY (owner/name) and PULL_REQUEST (its number); GitHub's own command, gh, does the talking.
set -euo pipefail
file=${1:---help}
case $file in -h | --help) sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" && exit ;; esac

MARKER=$(head -n 1 "$file")
export MARKER
comments="repos/$REPOSITORY/issues/$PULL_REQUEST/comments"
earlier=$(gh api --paginate "$comments" --jq '.[] | select(.body | startswith(env.MARKER)) | .id')
if [ -n "$earlier" ]; then
  # The first is ours; whoever quotes the marker comes after it.
  gh api --silent --method PATCH "repos/$REPOSITORY/issues/comments/${earlier%%$'\n'*}" --field "body=@$file"
else
  gh api --silent --method POST "$comments" --field "body=@$file"
fi
