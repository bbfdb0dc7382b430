# Lists, exchanges, and asking.
inbox-title = Gelen
outgoing-title = Giden
list-count = { $count ->
    [one] Bir dosya, { $pressing } ivedi
   *[other] { $count } dosya, { $pressing } ivedi
}
inbox-empty = Henüz bir şey gelmedi. Öteki üyelerin talepleri burada görünür, en ivedisi önce.
outgoing-empty = Henüz bir şey sorulmadı.
col-time = Kalan süre
col-matter = Konu
col-member = Üye
col-state = Durum
col-updated = Son değişiklik
withheld = gönderilmiyor: üye dışarıda
withheld-why = Burada bekleyen gönderilmiyor: karşı üye askıda ya da güven listesinde değil.
drafts-title = Taslaklarınız
saved-at = kaydedildi

clock-none = Henüz alınmadı
clock-late-by = { $time } geç yanıtlandı
clock-in-time = Süresinde
clock-paused = Süre durdu
clock-overdue = { $time } gecikti
clock-left = { $time } kaldı

asked-by = Soran: { $member }
asked-of = Sorulan: { $member }
their-reference = karşı sayı
deals-label = Neler yapabilirsiniz
thread-title = Neler oldu
aside-label = Süre ve sorular
crossed = Yolda başka bir olayla karşılaştı ve etkisi olmadı.
files = Dosyalar
file-on-its-way = yolda
stages-label = Teslim
stage-sent = Gönderildi
stage-received = Alındı
stage-opened = Açıldı
stage-refused = Kabul edilmedi
stage-expired = Hiç teslim edilmedi
stage-not-yet = henüz değil
with-proof = kanıtlı
terms = Koşullar, koruma, soran
evidence = Kanıt
evidence-entry = Bu düğümün kaydındaki yeri
evidence-leaf = İmzanın kapsadığı
clock-title = Süre
clock-due = Son
clock-limit = Yapılması gereken
clock-started = Başlangıç, imzalı alındıyla
clock-stood = Durdu
clock-stands = şimdi
clock-expected = Beklenen
clock-delay = Gecikmenin nedeni
clock-stopped = Bitti
clock-profile = Dayanağı
questions-title = Sorular
to-clarify = açıklanacak
linked-title = Aynı konu, öteki üyeler

why-title = Bunu neden açıyorsunuz?
why-lead = Bu dosya kişisel veri içeriyor. Gerekçeniz adınızla kaydedilir ve denetçiler görür.
why-label = Gerekçe
why-hint = Tek satır, örneğin: nöbet, gelen taleplerin incelenmesi
why-fault = Neden açtığınızı bir satırda yazın
why-button = Dosyayı aç

new-title = Yeni talep
new-lead = Ne hakkında soracağınızı seçin. Her şey sonra değiştirilebilir.
compose-lead = Yazdıklarınız taslak olarak saklanır. Kimin alacağını görmeden hiçbir şey çıkmaz.
autosaved = Taslak saklandı
preview-button = Kimin alacağını gör
save-draft = Taslağı kaydet
discard = At
preview-title = Kim alır ve ne yapabilir
preview-lead = Henüz hiçbir şey çıkmadı.
who-gets-it = Kim alır
what-they-may-do = Ne yapabilirler
think-of = Çıkmadan önce
what-they-read = Ne okurlar
change-it = Değiştir
send-to = { $count ->
    [one] Bir üyeye gönder
   *[other] { $count } üyeye gönder
}
review-first = Önce bir meslektaş onaylasın
time-to-answer = İmzalı alındıdan itibaren yanıt için { $answer }
time-to-accept-and-answer = İmzalı alındıdan itibaren kabul için { $accept }, yanıt için { $answer }
rule-retention = En geç { $days } gün sonra silinir
protect-minor = Bir çocuk söz konusu.
protect-minor-unknown = Bir çocuk söz konusu mu bilinmiyor: evet sayılır.
protect-asylum = Biri sığınma isteyebilir: gizli.
protect-asylum-unknown = Birinin sığınma isteyip istemeyeceği bilinmiyor: evet sayılır.
protect-victim = İnsan ticareti belirtileri var.
protect-victim-unknown = İnsan ticareti belirtisi olup olmadığı bilinmiyor: evet sayılır.

section-subject = Kim ya da ne hakkında
section-questions = Ne soruyorsunuz
section-questions-intro = Her soru tek başına yanıtlanabilir.
section-more-questions = Daha fazla soru
section-whom = Kime ve ne kadar ivedi
section-matter = Konu
section-terms = Dayanak
section-protection = Koruma
section-protection-intro = Bilinmeyen evet sayılır.
section-handling = Alıcı ne yapabilir
section-requester = Soran
section-words = Ne diyorsunuz
section-answer = Bütün olarak yanıt
section-each-question = Soru soru
not-answered = Burada yanıtlanmadı
answer-to = { $number }. soruya sözlü yanıt

question-text-person = Bu kişiyi tanıyor musunuz, ne olarak?
question-text-vehicle = Aracın sahibi kim, en son kim kullandı?
question-text-phone = Bu numaranın abonesi kim?
question-text-document = Bu belge gerçek mi, kime verildi?
question-text-vessel = Tekne kimin, en son nerede görüldü?
question-text-company = Bu şirketin arkasında kim var, ne yapıyor?
question-text-location = Bu yerde ne var, kim kullanıyor?

nav-letters = Bekleyen
letters-title = İkinci kişiyi bekleyenler
letters-lead = Bir meslektaş karar vermeden hiçbiri gönderilmez, süre işlemez.
letters-empty = Bekleyen yok.
letter-by = Yazan: { $name }
letter-would-go = Kime gider
letter-says = Ne diyor
letter-made = Ne karar verildi
letter-none = Burada şimdi size düşen bir karar yok.
letter-why-stopped = Koruma kapısı neden durduruyor
decide-reason = Neden
decide-why-fault = Nedenini birkaç sözcükle yazın
letter-state-in-review = Onay bekliyor
letter-state-stopped = Koruma kapısında durdu
letter-state-left = Gitti
letter-state-returned = Geri verildi
letter-state-discarded = Atıldı
