/// Names of months in the languages of the world's news.
///
/// Invariant: keys are folded as `DateWord.folded` folds. A name found whole wins over an abbreviation, an abbreviation
/// over the beginning of a name; a beginning (three letters at least) counts only where all names with it agree.
enum MonthNames {
    /// 1…12, or nil.
    static func month(_ word: String) -> Int? { english[word] ?? gregorian[word] }

    /// 1…12 of the Solar Hijri calendar (`PersianCalendar`), or nil.
    static func persianMonth(_ word: String) -> Int? { persian[word] }

    /// Months whose name is two words, by both.
    static func month(_ first: String, _ second: String) -> Int? {
        switch (first, second) {
        case ("كانون", "الثاني"): 1
        case ("كانون", "الاول"): 12
        case ("تشرين", "الاول"): 10
        case ("تشرين", "الثاني"): 11
        default: thai[first + "." + second]
        }
    }

    /// Polish, Czech and Croatian share words that are different months. Croatian alone has a stop behind day and year.
    static func croatianMonth(_ word: String) -> Int? {
        switch word {
        case "lip": 6
        case "srp": 7
        case "lis", "listopad", "listopada": 10
        default: nil
        }
    }

    private static let thai: [String: Int] = [
        "ม.ค": 1, "ก.พ": 2, "มี.ค": 3, "เม.ย": 4, "พ.ค": 5, "มิ.ย": 6, "ก.ค": 7, "ส.ค": 8, "ก.ย": 9, "ต.ค": 10, "พ.ย": 11,
        "ธ.ค": 12,
    ]

    /// The names nearly all dates have: with them the large table need not be made.
    private static let english: [String: Int] = {
        var found: [String: Int] = [:]
        enter(names[0], into: &found)
        enter(abbreviations[0], into: &found)
        return found
    }()

    private static let gregorian: [String: Int] = {
        var found: [String: Int] = [:]
        for line in names { enter(line, into: &found) }
        for line in abbreviations { enter(line, into: &found) }
        var beginnings: [String: Int] = [:]
        for line in names {
            for (month, name) in entries(line) where name.unicodeScalars.allSatisfy(Self.isAbbreviating) {
                let scalars = Array(name.unicodeScalars)
                for count in 3..<max(3, scalars.count) {
                    let beginning = String(String.UnicodeScalarView(scalars[..<count]))
                    beginnings[beginning] = beginnings[beginning, default: month] == month ? month : 0
                }
            }
        }
        return found.merging(beginnings.filter { $0.value != 0 }) { whole, _ in whole }
    }()

    /// Scripts that cut names short: those of Europe and India.
    private static func isAbbreviating(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x0530 || (0x0900..<0x0E00).contains(scalar.value)
    }

    private static let persian: [String: Int] = {
        var found: [String: Int] = [:]
        enter(solarHijri, into: &found)
        return found
    }()

    /// Twelve fields separated by blanks; other spellings behind "/".
    private static func entries(_ line: String) -> [(Int, String)] {
        line.split(separator: " ").enumerated().flatMap { index, field in
            field.split(separator: "/").map { (index + 1, DateWord.folded(String($0))) }
        }
    }

    /// The first language that has a name keeps it.
    private static func enter(_ line: String, into found: inout [String: Int]) {
        for (month, name) in entries(line) where name != "-" && found[name] == nil { found[name] = month }
    }

    private static let abbreviations = [
        "jan feb mar apr may jun jul aug sep/sept oct nov dec",
        "jän/jaen febr mär/mrz apr mai jun jul aug sep okt nov dez",
        "janv/jan févr/fév mars avr mai juin juil août/aou sept oct nov déc",
        "ene feb mar abr may jun jul ago sep/set oct nov dic",
        "gen feb mar apr mag giu lug ago set ott nov dic",
        "jan fev mar abr mai jun jul ago set out nov dez",
        "jan feb mrt apr mei jun jul aug sep okt nov dec",
        "sty lut mar kwi maj cze lip sie wrz paź lis gru",
        "led úno bře dub kvě čvn čvc srp zář říj lis pro",
        "jan febr márc ápr máj jún júl aug szept okt nov dec",
        "ian feb mar apr mai iun iul aug sep/sept oct noi/nov dec",
        "ян/яну фев мар апр май юни юли авг сеп окт ное/ноем дек",
        "янв февр мар апр мая июн июл авг сен/сент окт ноя/нояб дек",
        "січ лют бер квіт/кві трав/тра черв/чер лип серп/сер вер жовт/жов лист груд/гру",
        "ιαν φεβ μαρ/μαρτ απρ μαι ιουν ιουλ αυγ σεπ/σεπτ οκτ νοε/νοεμ δεκ",
        "oca şub mar nis may haz tem ağu eyl eki kas ara",
        "जन फ़र/फर मार्च अप्रै मई जून जुल/जुला अग सित अक्टू/अक्तू नव दिस",
        "jan feb mar apr mei jun jul agt/agu sep okt nov des",
        "gen febr març abr maig juny jul ag set oct nov des",
        "yan fev mar apr may iyn iyl avq sen okt noy dek",
        "ינו/בינו פבר/בפבר מרץ אפר/באפר מאי יונ/ביונ יול/ביול אוג/באוג ספט/בספט אוק/באוק נוב/בנוב דצמ/בדצמ",
    ]

    private static let names = [
        // Germanic.
        "january february march april may june july august september october november december",
        "januar/jänner februar/feber märz/maerz april mai juni juli august september oktober november dezember",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "januari februari mars april maj juni juli augusti september oktober november december",
        "januar februar marts april maj juni juli august september oktober november december",
        "januar februar mars april mai juni juli august september oktober november desember",
        "janúar febrúar mars apríl maí júní júlí ágúst september október nóvember desember",
        "januarie februarie maart april mei junie julie augustus september oktober november desember",
        // Romance.
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "enero febrero marzo abril mayo junio julio agosto septiembre/setiembre octubre noviembre diciembre",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "gener febrer març abril maig juny juliol agost setembre octubre novembre desembre",
        "xaneiro febreiro marzo abril maio xuño xullo agosto setembro outubro novembro decembro",
        "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
        // Slavic. Croatian "listopad" (October) is left to Polish, Czech and Ukrainian, where it is November.
        "styczeń/stycznia luty/lutego marzec/marca kwiecień/kwietnia maj/maja czerwiec/czerwca lipiec/lipca "
            + "sierpień/sierpnia wrzesień/września październik/października listopad/listopada grudzień/grudnia",
        "leden/ledna únor/února březen/března duben/dubna květen/května červen/června červenec/července srpen/srpna "
            + "září říjen/října listopad/listopadu prosinec/prosince",
        "január/januára február/februára marec/marca apríl/apríla máj/mája jún/júna júl/júla august/augusta "
            + "september/septembra október/októbra november/novembra december/decembra",
        "januar/januarja februar/februarja marec/marca april/aprila maj/maja junij/junija julij/julija "
            + "avgust/avgusta september/septembra oktober/oktobra november/novembra december/decembra",
        "siječanj/siječnja veljača/veljače ožujak/ožujka travanj/travnja svibanj/svibnja lipanj/lipnja srpanj/srpnja "
            + "kolovoz/kolovoza rujan/rujna - studeni/studenog/studenoga prosinac/prosinca",
        "januar/januara februar/februara mart/marta april/aprila maj/maja jun/juna/juni jul/jula/juli avgust/avgusta "
            + "septembar/septembra oktobar/oktobra novembar/novembra decembar/decembra",
        "јануар/јануара/јануари фебруар/фебруара/февруари март/марта април/априла мај/маја јун/јуна/јуни "
            + "јул/јула/јули август/августа септембар/септембра/септември октобар/октобра/октомври "
            + "новембар/новембра/ноември децембар/децембра/декември",
        "януари февруари март април май юни юли август септември октомври ноември декември",
        "январь/января февраль/февраля март/марта апрель/апреля май/мая июнь/июня июль/июля август/августа "
            + "сентябрь/сентября октябрь/октября ноябрь/ноября декабрь/декабря",
        "січень/січня лютий/лютого березень/березня квітень/квітня травень/травня червень/червня липень/липня "
            + "серпень/серпня вересень/вересня жовтень/жовтня листопад/листопада грудень/грудня",
        "студзень/студзеня люты/лютага сакавік/сакавіка красавік/красавіка май/мая чэрвень/чэрвеня ліпень/ліпеня "
            + "жнівень/жніўня верасень/верасня кастрычнік/кастрычніка лістапад/лістапада снежань/снежня",
        // Baltic, Finnic, Hungarian, Greek, Turkish.
        "sausis/sausio vasaris/vasario kovas/kovo balandis/balandžio gegužė/gegužės birželis/birželio liepa/liepos "
            + "rugpjūtis/rugpjūčio rugsėjis/rugsėjo spalis/spalio lapkritis/lapkričio gruodis/gruodžio",
        "janvāris/janvārī februāris/februārī marts/martā aprīlis/aprīlī maijs/maijā jūnijs/jūnijā jūlijs/jūlijā "
            + "augusts/augustā septembris/septembrī oktobris/oktobrī novembris/novembrī decembris/decembrī",
        "jaanuar veebruar märts aprill mai juuni juuli august september oktoober november detsember",
        "tammikuu/tammikuuta helmikuu/helmikuuta maaliskuu/maaliskuuta huhtikuu/huhtikuuta toukokuu/toukokuuta "
            + "kesäkuu/kesäkuuta heinäkuu/heinäkuuta elokuu/elokuuta syyskuu/syyskuuta lokakuu/lokakuuta "
            + "marraskuu/marraskuuta joulukuu/joulukuuta",
        "január február március április május június július augusztus szeptember október november december",
        "ιανουάριος/ιανουαρίου φεβρουάριος/φεβρουαρίου μάρτιος/μαρτίου απρίλιος/απριλίου μάιος/μαΐου/μαίου "
            + "ιούνιος/ιουνίου ιούλιος/ιουλίου αύγουστος/αυγούστου σεπτέμβριος/σεπτεμβρίου οκτώβριος/οκτωβρίου "
            + "νοέμβριος/νοεμβρίου δεκέμβριος/δεκεμβρίου",
        "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
        "yanvar fevral mart aprel may iyun iyul avqust sentyabr oktyabr noyabr dekabr",
        // Arabic of the Nile and the Gulf, of the Levant, of the Maghreb; Persian, Urdu, Hebrew.
        "يناير فبراير مارس أبريل/إبريل مايو يونيو/يونيه يوليو/يوليه أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
        "- شباط آذار نيسان أيار/مايس حزيران تموز آب أيلول - - -",
        "جانفي فيفري مارس أفريل ماي جوان جويلية/يوليوز أوت/غشت سبتمبر/شتنبر أكتوبر نوفمبر/نونبر ديسمبر/دجنبر",
        "ژانویه فوریه مارس آوریل مه/می ژوئن ژوئیه/جولای اوت/آگوست سپتامبر اکتبر نوامبر دسامبر",
        "جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر",
        "ינואר/בינואר פברואר/בפברואר מרץ/במרץ/מרס/במרס אפריל/באפריל מאי/במאי יוני/ביוני יולי/ביולי "
            + "אוגוסט/באוגוסט ספטמבר/בספטמבר אוקטובר/באוקטובר נובמבר/בנובמבר דצמבר/בדצמבר",
        // South and south-east Asia.
        "जनवरी फ़रवरी/फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर/सितम्बर अक्टूबर/अक्तूबर नवंबर/नवम्बर दिसंबर/दिसम्बर",
        "জানুয়ারি/জানুয়ারী ফেব্রুয়ারি/ফেব্রুয়ারী মার্চ এপ্রিল মে জুন জুলাই আগস্ট সেপ্টেম্বর অক্টোবর নভেম্বর ডিসেম্বর",
        "januari februari maret april mei juni juli agustus september oktober november/nopember desember",
        "januari februari mac april mei jun julai ogos september oktober november disember",
        "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม",
        "enero pebrero marso abril mayo hunyo hulyo agosto setyembre oktubre nobyembre disyembre",
        "januari februari machi aprili mei juni julai agosti septemba oktoba novemba desemba",
        // Chinese, where it writes months in words.
        "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月",
    ]

    private static let solarHijri =
        "فروردین اردیبهشت خرداد تیر مرداد/امرداد شهریور مهر آبان آذر دی بهمن اسفند"
}
