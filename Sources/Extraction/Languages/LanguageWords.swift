/// What languages of the Latin alphabet are told apart by: their commonest small words, letters that few of them share,
/// and common endings. From general knowledge of the languages; every table is small enough to be read.
enum LanguageWords {
    struct Language {
        var tag: String
        var words: String
        var letters = ""
        var endings = ""
    }

    static let latin: [Language] = [
        Language(
            tag: "en",
            words: """
                the of and to in a is that for it was on with as at by from be this have are not he his they but had has you we
                an or which will would been their said who more were about its when there if out up can than into what she her
                after over also could new one all so no just our my do how your it's
                """, endings: "ing tion ed ly"),
        Language(
            tag: "de",
            words: """
                der die das und in zu den ist von mit für auf im nicht ein eine sich dem des es an auch als wie bei er sie aus
                werden hat dass nach wird noch oder einer um am sind so zum war haben nur aber vor zur bis mehr durch man sein
                wurde sei kann gegen schon wenn einen einem eines über unter ich wir ihr uns was habe diese dieser
                """, letters: "ß ä ö ü", endings: "ung lich keit schaft isch en"),
        Language(
            tag: "fr",
            words: """
                le la les de des du un une et à en est que qui dans pour sur pas par plus au aux avec ce cette son sa ses il elle
                ils ne se sont ont été mais ou comme nous vous leur fait être a été c'est d'un d'une qu'il après aussi deux entre
                même tout sans selon avait je on où cela ces avoir peut très depuis
                """, letters: "è ê à ç œ î ù", endings: "tion ment eux aux ait"),
        Language(
            tag: "es",
            words: """
                de la que el en y a los se del las un por con una su para es al lo como más o pero sus le ha este si porque esta
                son entre cuando muy sin sobre también hasta hay donde han quien desde todo nos durante todos uno ni contra ese
                eso había ante esto fue ser está años dos según tras
                """, letters: "ñ ¿ ¡ ó í", endings: "ción mente dad aron ando"),
        Language(
            tag: "it",
            words: """
                di e il la che in a per un è del della con non una si le i da dei nel alla sono al gli come più ha anche lo delle
                ma dal nella questo ai se sul degli alle tra o su ci dalla stato essere loro hanno suo sua anni dopo ed era
                due solo quando perché cui fra prima dell' all' c'è ancora
                """, letters: "ì ò à è ù", endings: "zione mente ità ato ente"),
        Language(
            tag: "pt",
            words: """
                de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou
                ser quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos ter seus nas
                são anos sobre pode segundo após ainda
                """, letters: "ã õ ç â ê", endings: "ção mente dade ões ando"),
        Language(
            tag: "nl",
            words: """
                de het een van en in is dat op te zijn met voor niet aan er ook die om hij bij als door naar maar uit nog ze was
                worden over heeft dan wordt of tot kan al meer werd geen hebben deze dit zich haar mensen na wel jaar moet veel
                hun we ik je zei volgens onder tegen zo
                """, endings: "heid lijk ing en sch"),
        Language(
            tag: "sv",
            words: """
                och i att det som en på är av för med till den har inte om ett han men var sig från vi så kan när år säger de
                under också efter eller nu sin där vid mot ska skulle kommer ut får finns vara hade alla andra mycket än här då
                sedan över hon jag man mellan genom blir
                """, letters: "ä ö å", endings: "ning het arna ande"),
        Language(
            tag: "da",
            words: """
                og i at det er en til af på for med den de der som har ikke et var han men om fra sig kan vi skal så år siger
                eller hun blev efter også over nu været når sin ved ud mod vil mere end alle kunne havde hvor meget blevet jeg
                hvad noget mellem nogle mig dem op
                """, letters: "æ ø å", endings: "ede else hed erne"),
        Language(
            tag: "no",
            words: """
                og i det er på til som en av for at med har de den ikke et om var han men seg fra vi kan så år sier eller hun ble
                etter også over nå vært når sin ved ut mot vil mer enn alle kunne hadde hvor mye blitt jeg hva noe mellom noen
                skal må meg dem opp bare
                """, letters: "æ ø å", endings: "ene else het te"),
        Language(
            tag: "fi",
            words: """
                ja on ei että se oli joka mutta myös kun tai ovat hän kuin sekä mukaan jos niin vain sen ollut tämä mitä jo ole
                ne olisi voi kanssa sitä siitä vuoden vuonna jotka ennen kuten noin koko nyt ettei hänen eivät sanoo tämän
                mukana jälkeen paljon
                """, letters: "ä ö", endings: "ssa ssä lla llä sta stä ksi een nut tta aan"),
        Language(
            tag: "pl",
            words: """
                w i na z do się nie że to jest o jak po za od przez dla są przy być ale czy tym ich już tego także tak jego który
                która które oraz roku był było co lub pod bardzo tylko może jednak ze we był została przed jako również był
                będzie między lat
                """, letters: "ł ś ź ż ą ę ć ń", endings: "ych ego ość ach emu"),
        Language(
            tag: "cs",
            words: """
                a v se na je že s z do o to i by pro jsou ale jako za od po ve podle jeho který která které také už však byl
                bylo bude při k jsem roku co jen nebo není si až tak jsme před lidí ze tím mezi být proto když této korun
                """, letters: "ě ř ů č š ž ý", endings: "ých ého ost ách ení"),
        Language(
            tag: "sk",
            words: """
                a v sa na je že s z do o to aj by pre sú ale ako za od po vo podľa jeho ktorý ktorá ktoré tiež už však bol bolo
                bude pri k som roku čo len alebo nie si až tak sme pred ľudí zo tým medzi byť preto keď tejto eur povedal
                """, letters: "ľ ĺ ŕ ô č š ž ý ť", endings: "ých ého osť ách enie"),
        Language(
            tag: "hu",
            words: """
                a az és hogy nem is egy volt meg ez már csak de ha mint el azt még van ki be fel kell amely akkor után szerint
                lehet ezt mert majd vagy pedig aki arra ami majd minden több között ezek során lesz nagy két én sem való mellett
                """, letters: "ő ű ö ü á é", endings: "ban ben nak nek val vel ság ség ként ból"),
        Language(
            tag: "ro",
            words: """
                de în și a la cu pe care să din un nu o al mai pentru este că au fost ce prin după lui ale sau dar ca sunt fi se
                are între le i-a s-a acest această doar iar foarte până dacă când unei unui ani fără cele lor ar am
                """, letters: "ș ț ă â î ş ţ", endings: "ului ilor ții ește ea"),
        Language(
            tag: "tr",
            words: """
                ve bir bu da de için ile olarak çok daha olan gibi kadar sonra o ne var en her ise ya göre değil yeni oldu
                ancak olduğu ilk iki büyük tarafından olduğunu türkiye yıl diye bunu dedi ki mi veya sadece üzerinde
                """, letters: "ğ ı ş ç ö ü", endings: "lar ler dır dir nda nde ını ini yor mış"),
        Language(
            tag: "vi",
            words: """
                và của là có các cho được trong không một với người những đã này khi để từ đến cũng ra vào về nhiều năm
                tại theo ông như sau hơn trên đó phải làm nhưng việc bị sẽ
                """, letters: "đ ơ ư ă"),
        Language(
            tag: "id",
            words: """
                yang dan di ini itu dengan untuk dari tidak pada akan dalam juga oleh ada adalah telah karena bahwa kepada
                sebagai mereka bisa saat para tersebut lebih sudah kami saya ia dia atau harus hingga setelah katanya menjadi
                masih hanya tahun orang
                """, endings: "kan nya"),
        Language(
            tag: "ms",
            words: """
                yang dan di ini itu dengan untuk daripada tidak pada akan dalam juga oleh ada adalah telah kerana bahawa kepada
                sebagai mereka boleh ketika para tersebut lebih sudah kami beliau ia atau perlu sehingga selepas katanya
                menjadi masih hanya tahun turut iaitu
                """, endings: "kan nya"),
        Language(
            tag: "ca",
            words: """
                de la que el en i a els del les un per amb una és al com més o però seu ha aquest aquesta no són entre quan molt
                sense sobre també fins hi ha han des tot durant tots ni contra va ser està anys dos segons després d'un l'any
                """, letters: "ç à è ï ·", endings: "ció ment tat"),
        Language(
            tag: "gl",
            words: """
                de a que o e en do da un os unha para co é por as na no non dos das se como máis pero foi ao seu súa tamén coa
                sobre xa ata entre moi onde polo pola está son anos cando segundo despois sen
                """, letters: "ñ ó", endings: "ción mente dade"),
        Language(
            tag: "hr",
            words: """
                i je u da se na za su od s a koji koja koje što kako će ne bi to o iz nije kao do po ali ili samo bio bilo još
                već nakon prema godine te sve jer tako više biti također gdje između
                """, letters: "č š ž ć đ", endings: "ije anje ima"),
        Language(
            tag: "sl",
            words: """
                in je v da se na za so ki od s z pa o ne bi to po kot ali tudi kako bo iz ni še že le do pri pred leta ter vse
                bil bilo sta lahko med ker tako več biti ko kar zaradi
                """, letters: "č š ž", endings: "anje ega ih"),
        Language(
            tag: "et",
            words: """
                ja on ei et see oli kui ka mis aga või ning oma ta kes siis seda pole ole selle eesti veel välja aasta pärast
                kuid olid võib nii üle ainult väga enne juba
                """, letters: "õ ä ö ü", endings: "mine sse des ks st"),
        Language(
            tag: "lt",
            words: """
                ir kad yra į su iš kaip tai ne buvo bet apie už ar jis po jau dar per tik savo taip kuris nuo dėl iki metų prie
                labai jie mes jog tačiau kuri gali nėra pat
                """, letters: "ė ų į ū ž š", endings: "mas iai ius uose"),
        Language(
            tag: "lv",
            words: """
                un ir ka ar no uz par kas pie tā bet vai to gan arī jau kā lai tikai ne pēc tika viņš savu ļoti bija tas līdz
                gada kurš tiek vairāk šis
                """, letters: "ā ē ī ķ ļ ņ ū", endings: "šana ība iem ām"),
        Language(
            tag: "is",
            words: """
                og að í er á sem það til við um en var með af ekki fyrir hann hefur eru verið þetta þess því frá hún segir ég
                eftir þá voru hafa upp sé þar út
                """, letters: "þ ð æ ö", endings: "inn ina num"),
        Language(
            tag: "af",
            words: """
                die van en het in is 'n nie wat om vir te met hy aan sy op dat ook as word sal deur was hulle by maar uit na
                kan gesê nog meer
                """),
        Language(
            tag: "sq",
            words: """
                të e në dhe i për që me një është nga u së ka nuk do si kanë këtë më por duke ishte edhe janë tha pas ku
                """, letters: "ë ç"),
        Language(
            tag: "eu",
            words: """
                eta da ez du bat dira izan hau baina dute ere den zen zuen egin baino dela beste gehiago oso urte behar
                """, endings: "aren etan ren ako"),
        Language(
            tag: "sw",
            words: """
                ya wa na kwa ni katika za la kuwa hiyo huo alisema cha hii vya lakini yake kutoka pia baada ambao ili watu mwaka
                """, endings: "ania isha"),
        Language(
            tag: "tl",
            words: """
                ng sa ang na mga ay at ni si para hindi may kung ito siya naman pa din rin isang nang ayon mula dahil ngunit
                """),
        Language(
            tag: "zu",
            words: """
                ukuthi futhi kodwa uma ngoba noma ukuze kanye lapho lokhu lo lesi kule abantu njengoba uthe emva
                """, endings: "eni ini ile"),
    ]

    /// Words that tell languages of one other script apart.
    static let others: [Language] = [
        Language(
            tag: "ru",
            words: """
                и в не на что с по как это из к он а за у его от для о же так все но был было были она они при или только до
                который также уже если после будет может году россии этом того
                """, letters: "ы э ё ъ"),
        Language(
            tag: "uk",
            words: """
                і в не на що з по як це із до він а за у його від для про же так все але був було були вона вони при або тільки
                який також вже якщо після буде може році україни цьому та
                """, letters: "і ї є ґ"),
        Language(
            tag: "be",
            words:
                "і ў не на што з па як гэта да ён а за у яго ад для пра так усе але быў было яны каб які таксама ужо пасля",
            letters: "ў і ы э"),
        Language(
            tag: "bg",
            words: """
                и на да за в се от че с е по не са като до си го ще но при това или има след само още към които който беше
                един една българия може
                """, letters: "ъ"),
        Language(
            tag: "mk",
            words:
                "и на да за во се од дека со е по не се како до си го ќе но при тоа или има после само уште кои кој беше",
            letters: "ѓ ќ ѕ ј"),
        Language(
            tag: "sr",
            words:
                "и је у да се на за су од са а који која које што како ће не би то о из није као до по али или само био",
            letters: "ђ ћ ј љ њ џ"),
        Language(
            tag: "kk", words: "және мен бұл үшін бар да де деп болып еді туралы қазақстан бір оның",
            letters: "ә ғ қ ң ө ұ ү һ"),
        Language(
            tag: "ar",
            words:
                "في من على إلى أن التي الذي عن مع هذا هذه كان لا ما بعد قال كما قد أو بين كل ذلك حيث لم وقد خلال ولا",
            letters: "ة ي ك ى أ إ"),
        Language(
            tag: "fa",
            words:
                "و در به از که این را با است برای آن شد یک هم می تا بر خود شده کرد ها کرده نیز باید دارد بود وی ما اما",
            letters: "پ چ ژ گ ی ک"),
        Language(
            tag: "ur",
            words: "کے کی میں اور ہے سے کا کو نے کہ یہ پر ہیں اس بھی نہیں تو ایک کر تھا گیا ہو وہ ان لیے جو کہا تھی",
            letters: "ٹ ڈ ڑ ے ہ ں"),
        Language(
            tag: "ps", words: "د په او چې له کې دی سره یې ته دا هم شوي کړي وو", letters: "ړ ښ ې ۍ ټ ډ ځ څ"),
        Language(
            tag: "hi",
            words: "के में है की और को से का ने पर कि यह हैं इस भी नहीं तो एक कर था गया हो वह उन लिए जो कहा थी रहे बाद"),
        Language(
            tag: "mr",
            words: "आहे आणि या च्या हे ते होते नाही आहेत केली केला करण्यात तर मध्ये साठी मात्र झाली त्यांनी असे एका यांनी"),
        Language(tag: "ne", words: "छ र को मा ले छन् भएको पनि यो हो गरेको लागि गर्न भने नेपाल थियो तथा एक"),
    ]
}
