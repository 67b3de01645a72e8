/// Names of the days of the week in the languages of the world's news. Keys are folded as `DateWord.folded` folds.
///
/// A weekday says nothing that the date does not say; it settles which of two numbers is the month.
enum WeekdayNames {
    /// 1 (Monday) … 7, 0 for a word that names different days in different languages; nil for any other word.
    static func weekday(_ word: String) -> Int? { found[word] }

    private static let found: [String: Int] = {
        var found: [String: Int] = [:]
        for line in names {
            for (index, field) in line.split(separator: " ").enumerated() {
                for name in field.split(separator: "/").map({ DateWord.folded(String($0)) }) where name != "-" {
                    found[name] = found[name, default: index + 1] == index + 1 ? index + 1 : 0
                }
            }
        }
        return found
    }()

    private static let names = [
        "monday/mon tuesday/tue/tues wednesday/wed/weds thursday/thu/thur/thurs friday/fri saturday/sat sunday/sun",
        "montag/mo/mon dienstag/di/die mittwoch/mi/mit donnerstag/do/don freitag/fr/fre samstag/sonnabend/sa/sam "
            + "sonntag/so/son",
        "maandag/ma/maa dinsdag/di/din woensdag/wo/woe donderdag/do/don vrijdag/vr/vri zaterdag/za/zat zondag/zo/zon",
        "måndag/mån tisdag/tis onsdag/ons torsdag/tor/tors fredag/fre lördag/lör söndag/sön",
        "mandag/måndag/man tirsdag/tysdag/tir/tirs onsdag/ons torsdag/tor/tors fredag/fre lørdag/laurdag/lør søndag/sundag/søn",
        "mánudagur þriðjudagur miðvikudagur fimmtudagur föstudagur laugardagur sunnudagur",
        "maandag dinsdag woensdag donderdag vrydag saterdag sondag",
        "lundi/lun mardi/mar mercredi/mer jeudi/jeu vendredi/ven samedi/sam dimanche/dim",
        "lunes/lun martes/mar miércoles/mié jueves/jue viernes/vie sábado/sáb domingo/dom",
        "lunedì/lun martedì/mar mercoledì/mer giovedì/gio venerdì/ven sabato/sab domenica/dom",
        "segunda/seg terça/ter quarta/qua quinta/qui sexta/sex sábado/sáb domingo/dom",
        "luns martes mércores xoves venres sábado domingo",
        "dilluns dimarts dimecres dijous divendres dissabte diumenge",
        "luni/lun marți/mar miercuri/mie joi vineri/vin sâmbătă/sâm duminică/dum",
        "poniedziałek/pon/pn wtorek/wt środa/śr czwartek/czw/cz piątek/pt/pi sobota/sob niedziela/niedz/nd",
        "pondělí/po úterý/út středa/st čtvrtek/čt pátek/pá sobota/so neděle/ne",
        "pondelok utorok streda štvrtok piatok sobota nedeľa",
        "ponedjeljak/ponedeljak/ponedeljek/pon utorak/torek/uto srijeda/sreda/sri četvrtak/četrtek/čet petak/petek/pet "
            + "subota/sobota/sub nedjelja/nedelja/ned",
        "hétfő/hét kedd szerda/sze csütörtök/csüt péntek/pén szombat/szo vasárnap/vas",
        "maanantai/maanantaina/ma tiistai/tiistaina/ti keskiviikko/keskiviikkona/ke torstai/torstaina/to "
            + "perjantai/perjantaina/pe lauantai/lauantaina/la sunnuntai/sunnuntaina/su",
        "esmaspäev teisipäev kolmapäev neljapäev reede laupäev pühapäev",
        "pirmadienis antradienis trečiadienis ketvirtadienis penktadienis šeštadienis sekmadienis",
        "pirmdiena otrdiena trešdiena ceturtdiena piektdiena sestdiena svētdiena",
        "понедельник/пн вторник/вт среда/среду/ср четверг/чт пятница/пятницу/пт суббота/субботу/сб воскресенье/вс",
        "понеділок/пн вівторок/вт середа/середу/ср четвер/чт пятниця/пятницю/пт субота/суботу/сб неділя/неділю/нд",
        "понеделник/пон вторник/вт сряда/ср четвъртък/чет петък/пет събота/съб неделя/нед",
        "понедељак/понедјељак уторак среда/сриједа четвртак петак субота недеља/недјеља",
        "понеделник вторник среда четврток петок сабота недела",
        "панядзелак аўторак серада чацвер пятніца субота нядзеля",
        "δευτέρα/δευ τρίτη/τρι τετάρτη/τετ πέμπτη/πεμ παρασκευή/παρ σάββατο/σαβ κυριακή/κυρ",
        "pazartesi/pzt salı/sal çarşamba/çar perşembe/per cuma/cum cumartesi/cmt pazar/paz",
        "الاثنين/الإثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد",
        "دوشنبه سهشنبه چهارشنبه پنجشنبه جمعه شنبه یکشنبه",
        "پیر منگل بدھ جمعرات جمعہ ہفتہ اتوار",
        "שני שלישי רביעי חמישי שישי שבת ראשון",
        "सोमवार/सोम मंगलवार/मंगल बुधवार/बुध गुरुवार/गुरूवार/गुरु शुक्रवार/शुक्र शनिवार/शनि रविवार/रवि",
        "সোমবার মঙ্গলবার বুধবার বৃহস্পতিবার শুক্রবার শনিবার রবিবার",
        "jumatatu jumanne jumatano alhamisi ijumaa jumamosi jumapili",
        // Some days of Azerbaijani are another's name and a second word, which is passed over.
        "bazar çərşənbə çərşənbə cümə cümə şənbə bazar",
        "senin/sen selasa/sel rabu/rab kamis/kam jumat/jum sabtu/sab minggu/min",
        "isnin selasa rabu khamis jumaat sabtu ahad",
        "จันทร์/วันจันทร์/วันจันทร์ที่ อังคาร/วันอังคาร/วันอังคารที่ พุธ/วันพุธ/วันพุธที่ พฤหัสบดี/วันพฤหัสบดี/วันพฤหัสบดีที่ "
            + "ศุกร์/วันศุกร์/วันศุกร์ที่ เสาร์/วันเสาร์/วันเสาร์ที่ อาทิตย์/วันอาทิตย์/วันอาทิตย์ที่",
        "월요일/월 화요일/화 수요일/수 목요일/목 금요일/금 토요일/토 일요일",
        "月曜日/月曜 火曜日/火曜 水曜日/水曜 木曜日/木曜 金曜日/金曜 土曜日/土曜 日曜日/日曜",
        "星期一/周一/週一 星期二/周二/週二 星期三/周三/週三 星期四/周四/週四 星期五/周五/週五 星期六/周六/週六 "
            + "星期日/星期天/周日/週日",
    ]
}
