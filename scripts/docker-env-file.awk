# Check the environment file that compose and `docker run` share, and print one sentence for each fault.
# Usage: awk -v reader=compose|run -v file=FILE -f scripts/docker-env-file.awk KNOWN FILE
#   KNOWN  one name a line: every variable that the compose files or the example have
# The two readers differ (https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/):
# compose drops quotes, comments and outer spaces and replaces $NAME, and `docker run --env-file` keeps all of them.

FNR == NR { known[$0]; next }
sub(/\r$/, "") { returns++ }
/^[[:space:]]*(#|$)/ { next }
!/^[A-Za-z_][A-Za-z0-9_]*=/ {
  # What has no = may be a pasted secret: then the number alone.
  shown = index($0, "=") ? " (" substr($0, 1, index($0, "=") - 1) ")" : ""
  printf "Line %d%s is not NAME=value: no spaces around the name, no `export`, one variable a line.\n", FNR, shown
  next
}
{
  name = substr($0, 1, index($0, "=") - 1)
  value = substr($0, index($0, "=") + 1)
  where = "Line " FNR " (" name ")"
}
!(name in known) && name !~ /^COMPOSE_/ {
  near = nearest(name)
  printf "%s sets a variable that nothing here reads: %s.\n", where, near ? "if " near " is meant, rename it" : "remove it, or see .env.docker.example for the names"
  next
}
value ~ /^["']/ {
  printf "%s has a value in quotes, which compose drops and `docker run` keeps: write the value without them.\n", where
  next
}
value ~ /^[[:space:]]|[[:space:]]$/ {
  printf "%s has spaces around its value, which compose drops and `docker run` keeps: remove them.\n", where
  next
}
value ~ /[[:space:]]#/ {
  printf "%s has a comment after its value, which compose drops and `docker run` keeps: give it a line of its own.\n", where
  next
}
value ~ /\$/ && reader == "compose" {
  printf "%s holds a $, and compose would replace it and the word behind it: choose a value without one (in a URL write %%24), or use scripts/docker-run.sh, which takes it as it stands.\n", where
}
END {
  if (returns) printf "%d of its lines end in a carriage return, which would become part of the value: save it with Unix line ends, as `sed -i 's/\\r$//' %s` does.\n", returns, file
}

# nearest(NAME): the known name that is at most two letters away, underscores and case aside; "" if none is.
function nearest(name, candidate, distance, best, found) {
  best = 3
  for (candidate in known) {
    distance = edits(plain(name), plain(candidate))
    if (distance < best || (distance == best && found != "" && candidate < found)) { best = distance; found = candidate }
  }
  return found
}

function plain(name) {
  gsub(/_/, "", name)
  return toupper(name)
}

# edits(A, B): Levenshtein's distance.
function edits(a, b, i, j, above, row, cost, least) {
  for (j = 0; j <= length(b); j++) row[j] = j
  for (i = 1; i <= length(a); i++) {
    above = row[0]
    row[0] = i
    for (j = 1; j <= length(b); j++) {
      cost = above + (substr(a, i, 1) != substr(b, j, 1))
      above = row[j]
      least = row[j - 1] < row[j] ? row[j - 1] + 1 : row[j] + 1
      row[j] = cost < least ? cost : least
    }
  }
  return row[length(b)]
}
