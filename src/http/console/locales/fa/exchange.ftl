# Lists, exchanges, and asking.
inbox-title = دریافتی‌ها
outgoing-title = ارسالی‌ها
list-count = { $count ->
    [one] یک پرونده، { $pressing } مورد فوری
   *[other] { $count } پرونده، { $pressing } مورد فوری
}
inbox-empty = هنوز چیزی نرسیده است. درخواست‌های اعضای دیگر اینجا می‌آید، فوری‌ترین نخست.
outgoing-empty = هنوز چیزی پرسیده نشده است.
col-time = وقت مانده
col-matter = موضوع
col-member = عضو
col-state = وضعیت
col-updated = آخرین تغییر
withheld = فرستاده نمی‌شود: عضو بیرون است
withheld-why = آنچه اینجا منتظر است فرستاده نمی‌شود: عضو دیگر معلق است یا در فهرست اعتماد نیست.
drafts-title = پیش‌نویس‌های شما
saved-at = ذخیره‌شده

clock-none = هنوز دریافت نشده
clock-late-by = با { $time } تأخیر پاسخ داده شد
clock-in-time = به‌موقع
clock-paused = ساعت ایستاده است
clock-overdue = { $time } دیر شده
clock-left = { $time } مانده

asked-by = پرسندهٔ { $member }
asked-of = پرسش از { $member }
their-reference = شمارهٔ آن‌ها
deals-label = چه می‌توانید بکنید
thread-title = چه گذشت
aside-label = زمان و پرسش‌ها
crossed = در راه با رویداد دیگری برخورد کرد و اثری نداشت.
files = پرونده‌ها
file-on-its-way = در راه
stages-label = تحویل
stage-sent = فرستاده شد
stage-received = دریافت شد
stage-opened = باز شد
stage-refused = پذیرفته نشد
stage-expired = هرگز تحویل نشد
stage-not-yet = هنوز نه
with-proof = با سند
terms = شرایط، حمایت، پرسنده
evidence = شواهد
evidence-entry = ردیف در دفتر این گره
evidence-leaf = آنچه امضا دربر می‌گیرد
clock-title = مهلت
clock-due = تا
clock-limit = چه باید کرد
clock-started = آغاز، با رسید امضاشده
clock-stood = ایستاده بود
clock-stands = اکنون
clock-expected = انتظار می‌رود
clock-delay = دلیل تأخیر
clock-stopped = پایان
clock-profile = بر پایهٔ
questions-title = پرسش‌ها
to-clarify = توضیح می‌خواهد
linked-title = همین موضوع، اعضای دیگر

why-title = چرا این را باز می‌کنید؟
why-lead = این پرونده دادهٔ شخصی دارد. دلیل شما با نامتان ثبت می‌شود و بازرسان آن را می‌بینند.
why-label = دلیل
why-hint = یک سطر، مانند: کشیک، رسیدگی به درخواست‌های رسیده
why-fault = در یک سطر بگویید چرا آن را باز می‌کنید
why-button = باز کردن پرونده

new-title = درخواست تازه
new-lead = انتخاب کنید دربارهٔ چه می‌پرسید. همه چیز را بعداً می‌توان تغییر داد.
compose-lead = آنچه می‌نویسید پیش‌نویس می‌ماند. پیش از آن‌که ببینید چه کسی آن را می‌گیرد، چیزی بیرون نمی‌رود.
autosaved = پیش‌نویس نگه داشته شد
preview-button = ببینید چه کسی می‌گیرد
save-draft = ذخیرهٔ پیش‌نویس
discard = دور انداختن
preview-title = چه کسی می‌گیرد و چه می‌تواند بکند
preview-lead = هنوز چیزی بیرون نرفته است.
who-gets-it = چه کسی می‌گیرد
what-they-may-do = چه می‌توانند بکنند
think-of = پیش از رفتن
what-they-read = چه می‌خوانند
change-it = تغییر دادن
send-to = { $count ->
    [one] فرستادن به یک عضو
   *[other] فرستادن به { $count } عضو
}
review-first = نخست همکاری آن را آزاد کند
time-to-answer = { $answer } برای پاسخ، از رسید امضاشده
time-to-accept-and-answer = { $accept } برای پذیرش و { $answer } برای پاسخ، از رسید امضاشده
rule-retention = حداکثر پس از { $days } روز پاک شود
protect-minor = پای کودک در میان است.
protect-minor-unknown = معلوم نیست پای کودک در میان باشد: بله به شمار می‌آید.
protect-asylum = شاید کسی پناه بجوید: محرمانه.
protect-asylum-unknown = معلوم نیست کسی پناه بجوید: بله به شمار می‌آید.
protect-victim = نشانهٔ قاچاق انسان هست.
protect-victim-unknown = معلوم نیست نشانهٔ قاچاق انسان باشد: بله به شمار می‌آید.

section-subject = دربارهٔ چه کسی یا چه چیزی
section-questions = چه می‌پرسید
section-questions-intro = هر پرسش را می‌توان جداگانه پاسخ داد.
section-more-questions = پرسش‌های بیشتر
section-whom = از چه کسی و با چه شتابی
section-matter = موضوع
section-terms = مبنا
section-protection = حمایت
section-protection-intro = آنچه معلوم نیست بله به شمار می‌آید.
section-handling = گیرنده چه می‌تواند بکند
section-requester = چه کسی می‌پرسد
section-words = چه می‌گویید
section-answer = پاسخ یکجا
section-each-question = پرسش به پرسش
not-answered = اینجا پاسخ داده نشد
answer-to = پاسخ به پرسش { $number } به زبان ساده

question-text-person = آیا این شخص را می‌شناسید و به چه عنوان؟
question-text-vehicle = مالک خودرو کیست و آخرین بار چه کسی از آن استفاده کرد؟
question-text-phone = مشترک این شماره کیست؟
question-text-document = آیا این سند اصل است و برای چه کسی صادر شده است؟
question-text-vessel = قایق از آنِ کیست و آخرین بار کجا دیده شد؟
question-text-company = پشت این شرکت کیست و چه می‌کند؟
question-text-location = در این مکان چیست و چه کسی از آن استفاده می‌کند؟

nav-letters = در انتظار
letters-title = در انتظار نفر دوم
letters-lead = پیش از تصمیم همکار، چیزی از آن فرستاده نمی‌شود و ساعتی به راه نمی‌افتد.
letters-empty = چیزی در انتظار نیست.
letter-by = نویسنده: { $name }
letter-would-go = به چه کسی می‌رود
letter-says = چه می‌گوید
letter-made = چه تصمیم گرفته شد
letter-none = اکنون تصمیمی اینجا با شما نیست.
letter-why-stopped = چرا دروازهٔ حمایت آن را نگه می‌دارد
decide-reason = چرا
decide-why-fault = در چند واژه بگویید چرا
letter-state-in-review = در انتظار آزادسازی
letter-state-stopped = ایستاده در دروازهٔ حمایت
letter-state-left = رفته
letter-state-returned = بازگردانده
letter-state-discarded = دور انداخته
