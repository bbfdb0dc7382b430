# The words for code lists. The codes themselves never change.
role-officer = افسر رابط
role-releaser = افسر آزادکننده
role-contact = نقطهٔ تماس
role-auditor = بازرس
role-admin = مدیر
role-observer = ناظر
role-node = گره

state-draft = پیش‌نویس
state-in-review = در بررسی
state-released = آزادشده
state-queued = در انتظار تحویل
state-delivered = دریافت‌شده
state-read = بازشده
state-accepted = پذیرفته
state-channelled = سپرده به مرجع
state-awaiting-authorisation = در انتظار مجوز
state-clarification-requested = توضیح خواسته شد
state-clarified = توضیح داده شد
state-partial-answer = بخشی پاسخ داده شد
state-answered = پاسخ داده شد
state-refused = رد شد
state-feedback = بازخورد داده شد
state-withdrawn = پس گرفته شد
state-superseded = جایگزین شد
state-transferred = ارجاع شد
state-closed = بسته
state-reopened = بازگشایی شد

urgency-life = خطر جانی
urgency-urgent = فوری
urgency-routine = عادی

reason-none = بدون دلیل: عادی است
reason-u1 = تهدید فوری و جدی برای امنیت عمومی
reason-u2 = خطر نزدیک برای جان یا تمامیت جسمانی یک شخص
reason-u3 = لازم برای تصمیم دربارهٔ ادامهٔ بازداشت
reason-u4 = اطلاعات مهم است و ارزش خود را از دست می‌دهد

profile-eu-2023-977 = دستورالعمل (EU) 2023/977
profile-sfd-2006-960 = تصمیم چارچوب 2006/960/JHA (منسوخ)
profile-bp-mou = یادداشت تفاهم (پیشنهاد)

access-direct = مستقیماً در دسترس
access-indirect = غیرمستقیم در دسترس
limit-acknowledge = پذیرش یا رد
limit-answer = پاسخ یا رد

question-person-known = آیا شخص شناخته است؟
question-criminal-record = سابقهٔ کیفری
question-document-genuine = آیا سند اصل است؟
question-phone-subscriber = مشترک تلفن
question-vehicle-owner = مالک خودرو
question-travel-movements = رفت‌وآمدها
question-biometrics = عکس یا اثر انگشت
question-company = شرکت
question-location-check = وارسی یک مکان
question-other = دیگر
question-status-open = باز
question-status-answered = پاسخ داده شد
question-status-refused = رد شد

evidence-police-only = فقط برای کار پلیس
evidence-court-with-consent = در دادگاه، با رضایت

link-follow-up = در پی
link-duplicate = همان پرسشِ
link-same-subject = همان موضوعِ
link-parallel = همان درخواست از عضو دیگر
link-supersedes = به جای
link-transferred-from = ارجاع‌شده از

outcome-hit = یافت شد
outcome-no-hit = اطلاعاتی نمی‌توان داد
outcome-partial = بخشی؛ شاید بقیه بیاید
outcome-not-available = در دسترس نیست

ground-a = در دسترس نیست
ground-b = درخواست از نظر شکلی ناقص است
ground-c = مجوز قضایی رد شد
ground-d = دادهٔ شخصی بیرون از دسته‌های مجاز
ground-e = نادرست یا کهنه است
ground-f1 = امنیت ملی اساسی
ground-f2 = تحقیق در جریان یا ایمنی یک شخص
ground-f3 = منافع مهم یک شخص حقوقی
ground-g1 = جرم با مجازات یک سال یا کمتر
ground-g2 = اینجا جرم نیست
ground-h = کشور مبدأ رضایت نداده است
ground-x1 = خطر آزار یا بازگرداندن اجباری
ground-x2 = ماهیت سیاسی، نظامی، دینی یا نژادی
ground-x3 = مبنای حقوقی با این طرف نیست
ground-x5 = نه تأیید و نه رد (بیرون می‌رود: «اطلاعاتی نمی‌توان داد»)

scope-whole = همه
scope-part = بخشی

useful-useful = کمک کرد
useful-partly = تا اندازه‌ای کمک کرد
useful-not-useful = کمک نکرد
useful-too-late = دیر رسید
useful-not-yet-known = هنوز معلوم نیست

became-none = هیچ
became-intelligence = به عنوان اطلاعات نگه داشته شد
became-investigation = تحقیقی آغاز شد یا ادامه یافت
became-persons-found = اشخاصی یافت شدند یا نجات یافتند
became-arrest = کسی بازداشت شد
became-seizure = چیزی ضبط شد
became-prosecution = پیگرد بر آن استوار است
became-further-request = به درخواستی دیگر انجامید
became-other = چیز دیگر

person-status-suspect = مظنون
person-status-convicted = محکوم
person-status-contact = مرتبط با مظنون
person-status-witness = شاهد
person-status-victim = قربانی
person-status-potential-victim = قربانی احتمالی
person-status-missing = مفقود

sex-female = زن
sex-male = مرد
sex-other = دیگر

calendar-gregorian = میلادی
calendar-solar-hijri = هجری خورشیدی
calendar-hijri = هجری قمری

precision-day = تا روز
precision-month = تا ماه
precision-year = تا سال
precision-estimated = برآوردی

handling-h0 = فقط برای پیشگیری و مبارزه با جرم.
handling-h1 = بدون اجازهٔ دهنده در رسیدگی قضایی به کار نرود.
handling-h2 = بدون اجازهٔ دهنده به دیگری داده نشود.
handling-h3 = محدودیت‌های دیگر:

tlp-red = فقط برای چشم گیرندگان
tlp-amber-strict = فقط در سازمان گیرنده
tlp-amber = در سازمان گیرنده و کسانی که به آن‌ها خدمت می‌کند
tlp-green = در جامعهٔ این تبادل
tlp-clear = بدون محدودیت

source-a = تردیدی در منبع نیست
source-b = بیشتر وقت‌ها معتبر
source-c = بیشتر وقت‌ها نامعتبر
source-x = ارزیابی‌پذیر نیست
accuracy-1 = تردیدی در درستی نیست
accuracy-2 = منبع شخصاً می‌داند
accuracy-3 = شخصاً نمی‌داند، ولی تأیید شده است
accuracy-4 = شخصاً نمی‌داند و تأیید نشده است

answer-yes = بله
answer-no = خیر

kind-request = درخواست
kind-accept = پذیرش
kind-answer = پاسخ
kind-refuse = رد
kind-clarification-request = پرسش متقابل
kind-clarification = توضیح
kind-channelling = سپردن به مرجع
kind-awaiting-authorisation = اعلام تأخیر
kind-feedback = بازخورد
kind-closing = بستن
kind-withdrawal = پس گرفتن
kind-supersession = جایگزینی
kind-transfer = ارجاع
kind-reopening = بازگشایی
kind-correction = تصحیح
kind-permission-request = درخواست اجازه
kind-permission-grant = اجازه
kind-permission-refusal = رد اجازه
kind-notice = آگاهی
kind-alert = هشدار
kind-sighting = مشاهده
kind-alert-update = به‌روزرسانی هشدار
kind-alert-cancel = لغو هشدار
kind-contradiction = خلاف هشدار
kind-alert-acknowledgement = تأیید دریافت
kind-subscription = اشتراک

event-request = درخواست
event-accept = پذیرفته شد
event-answer = پاسخ
event-refuse = رد شد
event-clarification-request = توضیح خواسته شد
event-clarification = توضیح داده شد
event-channelling = به مرجع سپرده شد
event-awaiting-authorisation = در انتظار مجوز
event-feedback = بازخورد
event-closing = بسته شد
event-withdrawal = پس گرفته شد
event-supersession = درخواست دیگری جای آن آمد
event-transfer = باید از عضو دیگری پرسید
event-reopening = بازگشایی شد
event-correction = تصحیح شد
event-permission-request = پرسیده شد که آیا می‌توان به دیگری داد
event-permission-grant = می‌توان یک بار به دیگری داد
event-permission-refusal = نمی‌توان به دیگری داد
event-notice = گفته شد چه انجام گرفت
event-read-here = اینجا باز شد
event-attachment-arrived = پرونده‌ای رسید
event-attachment-read = پرونده‌ای ذخیره شد
event-local-ground = چرا بیش از این گفته نشد (فقط اینجا دانسته است)

verb-accept = پذیرش
verb-answer = پاسخ
verb-refuse = رد
verb-clarify = توضیح
verb-channel = سپردن به مرجع
verb-await = اعلام تأخیر
verb-transfer = معرفی عضو دیگر
verb-feedback = بازخورد
verb-withdraw = پس گرفتن
verb-close = بستن
verb-reopen = بازگشایی
verb-lead-accept = پذیرش به طرف پرسنده خبر می‌دهد و مهلت را بر پایهٔ راه دسترسی تعیین می‌کند.
verb-lead-answer = یکجا یا پرسش به پرسش پاسخ دهید. «اطلاعاتی نمی‌توان داد» چیز بیشتری نمی‌گوید.
verb-lead-refuse = فقط همان بخشی را رد کنید که باید. دلیل به طرف پرسنده می‌رود، مگر x5.
verb-lead-clarify = پرسش متقابل ساعت را می‌ایستاند؛ توضیح آن را دوباره به راه می‌اندازد.
verb-lead-channel = طرف پرسنده آگاه می‌شود که کدام مرجع آن را در دست دارد.
verb-lead-await = مجوز قضایی لازم است: فوراً بگویید چرا و چقدر طول می‌کشد.
verb-lead-transfer = پرونده اینجا پایان می‌یابد؛ طرف پرسنده تصمیم می‌گیرد که از عضو نام‌برده بپرسد یا نه.
verb-lead-feedback = سرانجامِ پاسخ به دفتری که آن را داده است کمک می‌کند.
verb-lead-withdraw = طرف مقابل کار را رها می‌کند. آنچه پاسخ داده شده است می‌ماند.
verb-lead-close = تمام شد: چیز دیگری انتظار نمی‌رود.
verb-lead-reopen = ساعت تازه‌ای در طرف مقابل به راه می‌افتد.

decide-release = آزاد کردن
decide-clear = با این همه بگذارید برود
decide-return = بازگرداندن
decide-emergency = آزاد کردن اضطراری
decide-review = بازبینی آزادسازی اضطراری
decide-discard = دور انداختن
decide-lead-release = آن را خوانده‌اید و می‌تواند برود. گذرکلید شما همین متن را امضا می‌کند.
decide-lead-clear = دروازهٔ حمایت آن را نگه داشت. بگویید چرا با این همه می‌تواند برود: شاید به کشوری بگوید کسی که از آن گریخته کجاست.
decide-lead-return = با دلیل شما به نویسنده بازمی‌گردد.
decide-lead-emergency = جان کسی در خطر است و کسی پاسخ نمی‌دهد. بی‌درنگ می‌رود؛ همکاری بعداً آن را بازبینی می‌کند.
decide-lead-review = در حالت اضطراری و با آزادسازی یک نفر رفت. بگویید چه یافتید.
decide-lead-discard = فرستاده نمی‌شود.
decided-release = آزاد شد
decided-clear = با بررسی رها شد
decided-emergency = به‌طور اضطراری آزاد شد
decided-review = بازبینی شد

template-person = شخص
template-vehicle = خودرو
template-phone = تلفن
template-document = سند
template-vessel = قایق یا کشتی
template-company = شرکت
template-location = مکان
template-about-person = آیا شخص شناخته است؟ نام، تولد، تابعیت، سند.
template-about-vehicle = مالک یا اجاره‌کننده کیست؟ پلاک، کشور، شمارهٔ شاسی.
template-about-phone = مشترک کیست؟ شماره و دستگاه.
template-about-document = آیا اصل است؟ نوع، شماره، صادرکننده.
template-about-vessel = از آنِ کیست و کجاست؟ نام، شماره، پرچم.
template-about-company = پشت آن کیست؟ نام و ثبت.
template-about-location = آنجا چیست؟ نشانی یا مکان.

member-al = آلبانی
member-at = اتریش
member-az = آذربایجان
member-ba = بوسنی و هرزگوین
member-bd = بنگلادش
member-bg = بلغارستان
member-ch = سوئیس
member-cz = چک
member-de = آلمان
member-fi = فنلاند
member-fr = فرانسه
member-gb = بریتانیا
member-hu = مجارستان
member-iq = عراق
member-ir = ایران
member-me = مونته‌نگرو
member-mk = مقدونیهٔ شمالی
member-pk = پاکستان
member-pl = لهستان
member-rs = صربستان
member-se = سوئد
member-si = اسلوونی
member-tr = ترکیه

term-plate = پلاک
term-vin = شمارهٔ شاسی
term-phone = تلفن
term-device = دستگاه
term-document = سند
term-account = حساب
term-registration = شمارهٔ ثبت
term-name = نام
term-reference = شمارهٔ پرونده
term-word = واژه
term-alike = { $term }، مانند آن
