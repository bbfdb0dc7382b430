# Lists, exchanges, and asking.
inbox-title = Inbox
outgoing-title = Outgoing
list-count = { $count ->
    [one] One exchange, { $pressing } pressing
   *[other] { $count } exchanges, { $pressing } pressing
}
inbox-empty = Nothing has come in yet. Requests from other members appear here, the most pressing first.
outgoing-empty = Nothing was asked yet.
col-time = Time left
col-matter = Matter
col-member = Member
col-state = State
col-updated = Last change
withheld = not sent: member is out
withheld-why = What waits here is not sent: the other member is suspended or no longer in the trust list.
drafts-title = Your drafts
saved-at = saved

clock-none = Not received yet
clock-late-by = Answered { $time } late
clock-in-time = In time
clock-paused = Clock stands
clock-overdue = Overdue by { $time }
clock-left = { $time } left

asked-by = Asked by { $member }
asked-of = Asked of { $member }
their-reference = their reference
deals-label = What you can do
thread-title = What happened
aside-label = Time and questions
crossed = It crossed with another event on the way, and had no effect.
files = Files
file-on-its-way = on its way
stages-label = Delivery
stage-sent = Sent
stage-received = Received
stage-opened = Opened
stage-refused = Not taken
stage-expired = Never delivered
stage-not-yet = not yet
with-proof = with proof
terms = Terms, protection, who asks
evidence = Evidence
evidence-entry = Entry in this node's log
evidence-leaf = What the signature covers
clock-title = Time limit
clock-due = Due
clock-limit = What is owed
clock-started = Began, with the signed receipt
clock-stood = Stood still
clock-stands = now
clock-expected = Expected
clock-delay = Reason of the delay
clock-stopped = Ended
clock-profile = Set by
questions-title = Questions
to-clarify = to be clarified
linked-title = Same matter, other members

why-title = Why do you open this?
why-lead = This exchange holds personal data. Your reason is put on record with your name, and auditors see it.
why-label = Reason
why-hint = One line, such as: on duty, triage of incoming requests
why-fault = Say in one line why you open it
why-button = Open the exchange

new-title = New request
new-lead = Choose what you ask about. Everything can be changed later.
compose-lead = What you type is kept as a draft. Nothing leaves before you have seen who gets it.
autosaved = Draft kept
preview-button = See who gets it
save-draft = Save draft
discard = Throw away
preview-title = Who gets it, and what they may do with it
preview-lead = Nothing has left yet.
who-gets-it = Who gets it
what-they-may-do = What they may do with it
think-of = Before it leaves
what-they-read = What they read
change-it = Change it
send-to = { $count ->
    [one] Send to one member
   *[other] Send to { $count } members
}
review-first = Have a colleague release it first
time-to-answer = { $answer } to answer, from the signed receipt
time-to-accept-and-answer = { $accept } to accept and { $answer } to answer, from the signed receipt
rule-retention = To be erased after { $days } days at the latest
protect-minor = A minor is concerned.
protect-minor-unknown = Whether a minor is concerned is not known: it counts as yes.
protect-asylum = Somebody may seek asylum: confidential.
protect-asylum-unknown = Whether somebody may seek asylum is not known: it counts as yes.
protect-victim = There are signs of trafficking.
protect-victim-unknown = Whether there are signs of trafficking is not known: it counts as yes.

section-subject = Whom or what it is about
section-questions = What you ask
section-questions-intro = Each question can be answered alone.
section-more-questions = More questions
section-whom = Whom you ask, and how soon
section-matter = The matter
section-terms = Basis
section-protection = Protection
section-protection-intro = What is not known counts as yes.
section-handling = What receivers may do
section-requester = Who asks
section-words = What you say
section-answer = The answer as a whole
section-each-question = Question by question
not-answered = Not answered here
answer-to = Answer to question { $number } in words

question-text-person = Is this person known to you, and as what?
question-text-vehicle = Who owns the vehicle, and who used it last?
question-text-phone = Who is the subscriber of this number?
question-text-document = Is this document genuine, and to whom was it issued?
question-text-vessel = Whose boat is it, and where was it seen last?
question-text-company = Who is behind this company, and what does it do?
question-text-location = What is at this place, and who uses it?

nav-letters = Waiting
letters-title = Waiting for a second person
letters-lead = Nothing of it is sent, and no clock runs, before a colleague has decided.
letters-empty = Nothing waits.
letter-by = Written by { $name }
letter-would-go = Would go to
letter-says = What it says
letter-made = What was decided
letter-none = Nothing to decide here for you now.
letter-why-stopped = Why the protection gate stops it
decide-reason = Why
decide-why-fault = Say in a few words why
letter-state-in-review = Waits for release
letter-state-stopped = Stopped by the protection gate
letter-state-left = Left
letter-state-returned = Returned
letter-state-discarded = Discarded
