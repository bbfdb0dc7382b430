# The words for code lists. The codes themselves never change.
role-officer = liaison officer
role-releaser = releasing officer
role-contact = contact point
role-auditor = auditor
role-admin = administrator
role-observer = observer
role-node = node

state-draft = Draft
state-in-review = In review
state-released = Released
state-queued = Waiting to be delivered
state-delivered = Received
state-read = Opened
state-accepted = Accepted
state-channelled = Passed to the authority
state-awaiting-authorisation = Awaiting authorisation
state-clarification-requested = Clarification asked
state-clarified = Clarified
state-partial-answer = Answered in part
state-answered = Answered
state-refused = Refused
state-feedback = Feedback given
state-withdrawn = Withdrawn
state-superseded = Superseded
state-transferred = Transferred
state-closed = Closed
state-reopened = Reopened

urgency-life = Life in danger
urgency-urgent = Urgent
urgency-routine = Routine

reason-none = No reason: it is routine
reason-u1 = immediate and serious threat to public security
reason-u2 = imminent danger to a person's life or physical integrity
reason-u3 = needed to decide on keeping someone deprived of liberty
reason-u4 = the information would lose its relevance, and is important

profile-eu-2023-977 = Directive (EU) 2023/977
profile-sfd-2006-960 = Framework Decision 2006/960/JHA (repealed)
profile-bp-mou = Memorandum of understanding (proposal)

access-direct = Directly accessible
access-indirect = Indirectly accessible
limit-acknowledge = Accept or refuse
limit-answer = Answer or refuse

question-person-known = Person known?
question-criminal-record = Criminal record
question-document-genuine = Document genuine?
question-phone-subscriber = Phone subscriber
question-vehicle-owner = Vehicle owner
question-travel-movements = Travel movements
question-biometrics = Photograph or fingerprints
question-company = Company
question-location-check = Check of a place
question-other = Other
question-status-open = Open
question-status-answered = Answered
question-status-refused = Refused

evidence-police-only = For police use only
evidence-court-with-consent = In court, with consent asked for

link-follow-up = Follows from
link-duplicate = Asks the same as
link-same-subject = Same subject as
link-parallel = Same request to another member
link-supersedes = Takes the place of
link-transferred-from = Passed on from

outcome-hit = Found
outcome-no-hit = No information can be provided
outcome-partial = Part of it; more may follow
outcome-not-available = Not available

ground-a = Not available
ground-b = Request formally deficient
ground-c = Judicial authorisation refused
ground-d = Personal data outside the allowed categories
ground-e = Found incorrect or outdated
ground-f1 = Essential national security
ground-f2 = Ongoing investigation, or a person's safety
ground-f3 = A legal person's important interests
ground-g1 = Offence punishable by one year or less
ground-g2 = No offence here
ground-h = The state it came from has not consented
ground-x1 = Risk of persecution or refoulement
ground-x2 = Political, military, religious or racial character
ground-x3 = No legal basis with this partner
ground-x5 = Neither confirm nor deny (leaves as "no information can be provided")

scope-whole = All of it
scope-part = A part

useful-useful = It helped
useful-partly = It helped in part
useful-not-useful = It did not help
useful-too-late = It came too late
useful-not-yet-known = Not known yet

became-none = Nothing
became-intelligence = Kept as intelligence
became-investigation = An investigation was opened or went on
became-persons-found = Persons were found or brought to safety
became-arrest = Somebody was arrested
became-seizure = Something was seized
became-prosecution = A prosecution rests on it
became-further-request = It led to another request
became-other = Something else

person-status-suspect = Suspect
person-status-convicted = Convicted
person-status-contact = Contact of a suspect
person-status-witness = Witness
person-status-victim = Victim
person-status-potential-victim = Potential victim
person-status-missing = Missing

sex-female = Female
sex-male = Male
sex-other = Other

calendar-gregorian = Gregorian
calendar-solar-hijri = Solar Hijri
calendar-hijri = Hijri

precision-day = To the day
precision-month = To the month
precision-year = To the year
precision-estimated = Estimated

handling-h0 = Only to prevent and combat crime.
handling-h1 = Not in judicial proceedings without the provider's permission.
handling-h2 = Not to be passed on without the provider's permission.
handling-h3 = Other restrictions:

tlp-red = for the eyes of the recipients only
tlp-amber-strict = within the recipient's organisation only
tlp-amber = within the recipient's organisation and those it serves
tlp-green = within the community of this exchange
tlp-clear = without limits

source-a = No doubt about the source
source-b = Reliable in most instances
source-c = Unreliable in most instances
source-x = Cannot be assessed
accuracy-1 = Accuracy not in doubt
accuracy-2 = Known personally to the source
accuracy-3 = Not known personally, but corroborated
accuracy-4 = Not known personally, not corroborated

answer-yes = Yes
answer-no = No

kind-request = Request
kind-accept = Acceptance
kind-answer = Answer
kind-refuse = Refusal
kind-clarification-request = Question back
kind-clarification = Clarification
kind-channelling = Passed to the authority
kind-awaiting-authorisation = Delay announced
kind-feedback = Feedback
kind-closing = Closing
kind-withdrawal = Withdrawal
kind-supersession = Supersession
kind-transfer = Transfer
kind-reopening = Reopening
kind-correction = Correction
kind-permission-request = Permission asked
kind-permission-grant = Permission granted
kind-permission-refusal = Permission refused
kind-notice = Notice
kind-alert = Alert
kind-sighting = Sighting
kind-alert-update = Alert updated
kind-alert-cancel = Alert cancelled
kind-contradiction = Contradiction
kind-alert-acknowledgement = Acknowledgement
kind-subscription = Subscription

event-request = Request
event-accept = Accepted
event-answer = Answer
event-refuse = Refused
event-clarification-request = Clarification asked
event-clarification = Clarified
event-channelling = Passed to the authority
event-awaiting-authorisation = Awaiting authorisation
event-feedback = Feedback
event-closing = Closed
event-withdrawal = Withdrawn
event-supersession = Superseded by another request
event-transfer = Another member is to be asked
event-reopening = Reopened
event-correction = Corrected
event-permission-request = Asked whether it may be passed on
event-permission-grant = May be passed on, once
event-permission-refusal = May not be passed on
event-notice = Told what was done
event-read-here = Opened here
event-attachment-arrived = A file arrived
event-attachment-read = A file was saved
event-local-ground = Why no more was said (known here only)

verb-accept = Accept
verb-answer = Answer
verb-refuse = Refuse
verb-clarify = Clarify
verb-channel = Pass to the authority
verb-await = Announce a delay
verb-transfer = Name another member
verb-feedback = Give feedback
verb-withdraw = Withdraw
verb-close = Close
verb-reopen = Reopen
verb-lead-accept = Taking it on tells the asking side, and sets the time limit by how the information is reached.
verb-lead-answer = Answer as a whole, or question by question. "No information can be provided" says nothing more.
verb-lead-refuse = Refuse only the part that must be refused. The ground goes to the asking side, unless it is x5.
verb-lead-clarify = A question back stops the clock; the clarification starts it again.
verb-lead-channel = The asking side is told which authority now has it.
verb-lead-await = A judicial authorisation is awaited: say at once why, and how long it will take.
verb-lead-transfer = The exchange ends here; the asking side decides whether to ask the member you name.
verb-lead-feedback = What became of the answer helps the office that gave it.
verb-lead-withdraw = The asked side stops working on it. What was answered before stays answered.
verb-lead-close = Done: nothing more is expected.
verb-lead-reopen = A new clock begins at the asked side.

decide-release = Release
decide-clear = Clear it all the same
decide-return = Return
decide-emergency = Release in an emergency
decide-review = Review the emergency release
decide-discard = Throw away
decide-lead-release = You have read it, and it may leave. Your passkey signs this very text.
decide-lead-clear = The protection gate stopped it. Say why it may leave nevertheless: it could tell a country where somebody is who fled it.
decide-lead-return = It goes back to who wrote it, with your reason.
decide-lead-emergency = A life is in danger and nobody answers. It leaves at once; a colleague reviews it afterwards.
decide-lead-review = It left in an emergency, released by one person. Say what you found.
decide-lead-discard = It is not sent.
decided-release = Released
decided-clear = Cleared
decided-emergency = Released in an emergency
decided-review = Reviewed

template-person = Person
template-vehicle = Vehicle
template-phone = Telephone
template-document = Document
template-vessel = Boat or ship
template-company = Company
template-location = Place
template-about-person = Is the person known? Names, birth, nationality, documents.
template-about-vehicle = Who owns or rented it? Plate, country, VIN.
template-about-phone = Who is the subscriber? Number and device.
template-about-document = Is it genuine? Kind, number, issuer.
template-about-vessel = Whose is it, where is it? Name, number, flag.
template-about-company = Who is behind it? Name and register.
template-about-location = What is there? Address or place.

member-al = Albania
member-at = Austria
member-az = Azerbaijan
member-ba = Bosnia and Herzegovina
member-bd = Bangladesh
member-bg = Bulgaria
member-ch = Switzerland
member-cz = Czechia
member-de = Germany
member-fi = Finland
member-fr = France
member-gb = United Kingdom
member-hu = Hungary
member-iq = Iraq
member-ir = Iran
member-me = Montenegro
member-mk = North Macedonia
member-pk = Pakistan
member-pl = Poland
member-rs = Serbia
member-se = Sweden
member-si = Slovenia
member-tr = Türkiye

term-plate = Plate
term-vin = VIN
term-phone = Telephone
term-device = Device
term-document = Document
term-account = Account
term-registration = Registration
term-name = Name
term-reference = Reference
term-word = Word
term-alike = { $term }, alike
