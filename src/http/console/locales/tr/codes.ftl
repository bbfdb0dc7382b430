# The words for code lists. The codes themselves never change.
role-officer = irtibat görevlisi
role-releaser = onay görevlisi
role-contact = temas noktası
role-auditor = denetçi
role-admin = yönetici
role-observer = gözlemci
role-node = düğüm

state-draft = Taslak
state-in-review = İncelemede
state-released = Onaylandı
state-queued = Teslim bekliyor
state-delivered = Alındı
state-read = Açıldı
state-accepted = Kabul edildi
state-channelled = Makama iletildi
state-awaiting-authorisation = İzin bekleniyor
state-clarification-requested = Açıklama istendi
state-clarified = Açıklandı
state-partial-answer = Kısmen yanıtlandı
state-answered = Yanıtlandı
state-refused = Reddedildi
state-feedback = Geri bildirim verildi
state-withdrawn = Geri çekildi
state-superseded = Yerine yenisi geldi
state-transferred = Yönlendirildi
state-closed = Kapalı
state-reopened = Yeniden açıldı

urgency-life = Hayati tehlike
urgency-urgent = Acil
urgency-routine = Olağan

reason-none = Neden yok: olağan
reason-u1 = kamu güvenliğine yönelik yakın ve ciddi tehdit
reason-u2 = bir kişinin yaşamı ya da vücut bütünlüğü için yakın tehlike
reason-u3 = özgürlükten yoksun bırakmanın sürmesine karar için gerekli
reason-u4 = bilgi önemini yitirecek ve önemlidir

profile-eu-2023-977 = (AB) 2023/977 sayılı Direktif
profile-sfd-2006-960 = 2006/960/JHA sayılı Çerçeve Karar (yürürlükten kalktı)
profile-bp-mou = Mutabakat zaptı (öneri)

access-direct = Doğrudan erişilebilir
access-indirect = Dolaylı erişilebilir
limit-acknowledge = Kabul ya da ret
limit-answer = Yanıt ya da ret

question-person-known = Kişi biliniyor mu?
question-criminal-record = Sabıka kaydı
question-document-genuine = Belge gerçek mi?
question-phone-subscriber = Telefon abonesi
question-vehicle-owner = Araç sahibi
question-travel-movements = Giriş çıkışlar
question-biometrics = Fotoğraf ya da parmak izi
question-company = Şirket
question-location-check = Yer denetimi
question-other = Diğer
question-status-open = Açık
question-status-answered = Yanıtlandı
question-status-refused = Reddedildi

evidence-police-only = Yalnızca polis kullanımı için
evidence-court-with-consent = Mahkemede, rıza istenerek

link-follow-up = Şunun devamı
link-duplicate = Şununla aynı soru
link-same-subject = Şununla aynı konu
link-parallel = Başka üyeye aynı talep
link-supersedes = Şunun yerine
link-transferred-from = Şuradan yönlendirildi

outcome-hit = Bulundu
outcome-no-hit = Bilgi verilemiyor
outcome-partial = Bir bölümü; devamı gelebilir
outcome-not-available = Mevcut değil

ground-a = Mevcut değil
ground-b = Talep biçim yönünden eksik
ground-c = Adli izin reddedildi
ground-d = İzin verilen kategoriler dışında kişisel veri
ground-e = Yanlış ya da güncelliğini yitirmiş
ground-f1 = Temel ulusal güvenlik
ground-f2 = Süren soruşturma ya da bir kişinin güvenliği
ground-f3 = Bir tüzel kişinin önemli çıkarları
ground-g1 = Bir yıl ya da daha az ceza gerektiren suç
ground-g2 = Burada suç değil
ground-h = Kaynak devlet rıza göstermedi
ground-x1 = Zulüm ya da geri gönderme tehlikesi
ground-x2 = Siyasi, askeri, dini ya da ırksal nitelik
ground-x3 = Bu ortakla hukuki dayanak yok
ground-x5 = Ne doğrula ne yalanla ("bilgi verilemiyor" olarak çıkar)

scope-whole = Tümü
scope-part = Bir bölümü

useful-useful = İşe yaradı
useful-partly = Kısmen işe yaradı
useful-not-useful = İşe yaramadı
useful-too-late = Çok geç geldi
useful-not-yet-known = Henüz bilinmiyor

became-none = Hiçbir şey
became-intelligence = İstihbarat olarak saklandı
became-investigation = Soruşturma açıldı ya da sürdü
became-persons-found = Kişiler bulundu ya da güvene alındı
became-arrest = Biri yakalandı
became-seizure = Bir şeye el konuldu
became-prosecution = Kovuşturma buna dayanıyor
became-further-request = Başka bir talebe yol açtı
became-other = Başka bir şey

person-status-suspect = Şüpheli
person-status-convicted = Hükümlü
person-status-contact = Şüpheliyle bağlantılı
person-status-witness = Tanık
person-status-victim = Mağdur
person-status-potential-victim = Olası mağdur
person-status-missing = Kayıp

sex-female = Kadın
sex-male = Erkek
sex-other = Diğer

calendar-gregorian = Miladi
calendar-solar-hijri = Hicri şemsi
calendar-hijri = Hicri kameri

precision-day = Gününe kadar
precision-month = Ayına kadar
precision-year = Yılına kadar
precision-estimated = Tahmini

handling-h0 = Yalnızca suçu önlemek ve suçla mücadele için.
handling-h1 = Verenin izni olmadan yargılamada kullanılmaz.
handling-h2 = Verenin izni olmadan başkasına verilmez.
handling-h3 = Başka kısıtlamalar:

tlp-red = yalnızca alıcıların gözü için
tlp-amber-strict = yalnızca alıcının kurumu içinde
tlp-amber = alıcının kurumu ve hizmet verdikleri içinde
tlp-green = bu paylaşım topluluğu içinde
tlp-clear = sınırsız

source-a = Kaynak hakkında kuşku yok
source-b = Çoğu zaman güvenilir
source-c = Çoğu zaman güvenilmez
source-x = Değerlendirilemiyor
accuracy-1 = Doğruluğundan kuşku yok
accuracy-2 = Kaynak kişisel olarak biliyor
accuracy-3 = Kişisel bilgi değil, ama doğrulandı
accuracy-4 = Kişisel bilgi değil, doğrulanmadı

answer-yes = Evet
answer-no = Hayır

kind-request = Talep
kind-accept = Kabul
kind-answer = Yanıt
kind-refuse = Ret
kind-clarification-request = Karşı soru
kind-clarification = Açıklama
kind-channelling = Makama iletme
kind-awaiting-authorisation = Gecikme bildirimi
kind-feedback = Geri bildirim
kind-closing = Kapatma
kind-withdrawal = Geri çekme
kind-supersession = Yerine geçme
kind-transfer = Yönlendirme
kind-reopening = Yeniden açma
kind-correction = Düzeltme
kind-permission-request = İzin talebi
kind-permission-grant = İzin
kind-permission-refusal = İzin reddi
kind-notice = Bildirim
kind-alert = Uyarı
kind-sighting = Gözlem
kind-alert-update = Uyarı güncellendi
kind-alert-cancel = Uyarı iptal edildi
kind-contradiction = Karşı bildirim
kind-alert-acknowledgement = Bilgi alındı
kind-subscription = Abonelik

event-request = Talep
event-accept = Kabul edildi
event-answer = Yanıt
event-refuse = Reddedildi
event-clarification-request = Açıklama istendi
event-clarification = Açıklandı
event-channelling = Makama iletildi
event-awaiting-authorisation = İzin bekleniyor
event-feedback = Geri bildirim
event-closing = Kapatıldı
event-withdrawal = Geri çekildi
event-supersession = Yerine başka talep geldi
event-transfer = Başka bir üyeye sorulmalı
event-reopening = Yeniden açıldı
event-correction = Düzeltildi
event-permission-request = Başkasına verilip verilemeyeceği soruldu
event-permission-grant = Bir kez başkasına verilebilir
event-permission-refusal = Başkasına verilemez
event-notice = Ne yapıldığı bildirildi
event-read-here = Burada açıldı
event-attachment-arrived = Bir dosya geldi
event-attachment-read = Bir dosya kaydedildi
event-local-ground = Neden daha fazlası söylenmedi (yalnızca burada bilinir)

verb-accept = Kabul et
verb-answer = Yanıtla
verb-refuse = Reddet
verb-clarify = Açıkla
verb-channel = Makama ilet
verb-await = Gecikme bildir
verb-transfer = Başka üye göster
verb-feedback = Geri bildirim ver
verb-withdraw = Geri çek
verb-close = Kapat
verb-reopen = Yeniden aç
verb-lead-accept = Üstlenmek soran tarafa bildirilir ve süreyi bilgiye nasıl erişildiğine göre belirler.
verb-lead-answer = Bir bütün olarak ya da soru soru yanıtlayın. "Bilgi verilemiyor" başka bir şey söylemez.
verb-lead-refuse = Yalnızca reddedilmesi gereken bölümü reddedin. Gerekçe soran tarafa gider, x5 dışında.
verb-lead-clarify = Karşı soru saati durdurur; açıklama yeniden başlatır.
verb-lead-channel = Soran tarafa talebin hangi makamda olduğu bildirilir.
verb-lead-await = Adli izin bekleniyor: nedenini ve ne kadar süreceğini hemen söyleyin.
verb-lead-transfer = Dosya burada biter; soran taraf gösterdiğiniz üyeye sorup sormayacağına karar verir.
verb-lead-feedback = Yanıtın sonucu, onu veren büroya yardımcı olur.
verb-lead-withdraw = Karşı taraf çalışmayı bırakır. Önceden yanıtlanan yanıtlanmış kalır.
verb-lead-close = Tamam: başka bir şey beklenmiyor.
verb-lead-reopen = Karşı tarafta yeni bir süre başlar.

decide-release = Onayla
decide-clear = Yine de geçir
decide-return = Geri ver
decide-emergency = Acil durumda onayla
decide-review = Acil onayı gözden geçir
decide-discard = At
decide-lead-release = Okudunuz, gidebilir. Geçiş anahtarınız tam bu metni imzalar.
decide-lead-clear = Koruma kapısı durdurdu. Yine de neden gidebileceğini yazın: kaçtığı ülkeye birinin yerini söyleyebilir.
decide-lead-return = Gerekçenizle yazana döner.
decide-lead-emergency = Bir yaşam tehlikede ve kimse yanıt vermiyor. Hemen gider; bir meslektaş sonra gözden geçirir.
decide-lead-review = Acil durumda tek kişinin onayıyla gitti. Ne bulduğunuzu yazın.
decide-lead-discard = Gönderilmez.
decided-release = Onaylandı
decided-clear = Geçirildi
decided-emergency = Acil durumda onaylandı
decided-review = Gözden geçirildi

template-person = Kişi
template-vehicle = Araç
template-phone = Telefon
template-document = Belge
template-vessel = Tekne ya da gemi
template-company = Şirket
template-location = Yer
template-about-person = Kişi biliniyor mu? Adlar, doğum, uyruk, belgeler.
template-about-vehicle = Sahibi ya da kiralayanı kim? Plaka, ülke, şasi no.
template-about-phone = Abonesi kim? Numara ve cihaz.
template-about-document = Gerçek mi? Tür, numara, veren.
template-about-vessel = Kimin, nerede? Ad, numara, bayrak.
template-about-company = Arkasında kim var? Ad ve sicil.
template-about-location = Orada ne var? Adres ya da yer.

member-al = Arnavutluk
member-at = Avusturya
member-az = Azerbaycan
member-ba = Bosna-Hersek
member-bd = Bangladeş
member-bg = Bulgaristan
member-ch = İsviçre
member-cz = Çekya
member-de = Almanya
member-fi = Finlandiya
member-fr = Fransa
member-gb = Birleşik Krallık
member-hu = Macaristan
member-iq = Irak
member-ir = İran
member-me = Karadağ
member-mk = Kuzey Makedonya
member-pk = Pakistan
member-pl = Polonya
member-rs = Sırbistan
member-se = İsveç
member-si = Slovenya
member-tr = Türkiye

term-plate = Plaka
term-vin = Şasi no
term-phone = Telefon
term-device = Cihaz
term-document = Belge
term-account = Hesap
term-registration = Kayıt
term-name = Ad
term-reference = Sayı
term-word = Sözcük
term-alike = { $term }, benzer
