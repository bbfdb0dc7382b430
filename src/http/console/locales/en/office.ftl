# Pages of auditors, administrators and observers.
nav-log = Log
nav-people = People
nav-node = Node
log-title = Log
log-lead = Who did what, when, and why. Never the content of an exchange. Reading it is on record too.
log-empty = No entry fits.
export = Export the log
col-entry = Entry
col-when = When
col-event = Event
col-kind = Kind
col-role = Role
col-person = Person
col-exchange = Exchange
entry-kind-collection = Collection
entry-kind-alteration = Alteration
entry-kind-consultation = Consultation
entry-kind-disclosure = Disclosure
entry-kind-combination = Combination
entry-kind-erasure = Erasure
entry-kind-operation = Operation
verify-title = Verify the whole log
verify-lead = Every checksum, leaf, sealed content, root and signature, from the first entry on.
verify-none = It was not verified since the node started.
verify-running = Verifying …
verify-holds = The log holds: { $entries } entries under { $checkpoints } signed checkpoints.
verify-fails = The log does not hold:
verify-log = Log
verify-root = Root
verify-button = Verify now
look-again = Look again

people-title = People
people-lead = Who can sign in here. A lost passkey is replaced by two people: one asks, another approves.
code-for = One-time code for { $name }
code-once = It is shown this once, works once, and for seven days. Hand it over in person.
token-once = Token for the API and the commands, shown this once
col-passkeys = Passkeys
col-do = What to do
since = since
code-until = code until
recovery-asked-by = { $name } asked for a way back,
approve = Approve
recover = Passkey lost
remove = Close the account
add-person = Add a person
person-name = Name
roles-exclude = Auditor and administrator exclude all other roles.

node-title = Node
node-version = version
peers-title = Other members' nodes
col-link = Link
col-waiting = Waiting
link-up = up
link-down = down
out-title = Members that get nothing
out-removed = removed from the trust list
out-suspended = suspended
out-waiting = { $count ->
    [one] one message waits
   *[other] { $count } messages wait
}
log-size = Entries
index-size = Entries that queries see
trust-list = Trust list
trust-expires = It expires
