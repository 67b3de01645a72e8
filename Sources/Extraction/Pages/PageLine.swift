import News

/// Lines that tell by how they begin that they are no part of the text, whatever stands around them: pointers to other
/// articles, calls to subscribe, credits of pictures, words above advertisements.
enum PageLine {
    /// Longer lines are text.
    private static let maxLetters = 220

    /// - Returns: why the line is cut, or nil.
    static func reason(_ text: ArraySlice<UInt8>, letterCount: Int) -> PageHint? {
        guard letterCount <= maxLetters, !text.isEmpty else { return nil }
        let line = lowered(text.prefix(64))
        let core = line.drop { !isWordByte($0) }
        guard let first = core.first else { return nil }
        for entry in labels[Int(first)] where entry.matches(core, isWhole: text.count <= 64) { return entry.hint }
        return nil
    }

    private struct Entry {
        var text: [UInt8]
        var hint: PageHint
        /// Whether the line must end there, but for signs.
        var isWhole: Bool

        func matches(_ line: ArraySlice<UInt8>, isWhole: Bool) -> Bool {
            guard line.starts(with: text) else { return false }
            let rest = line.dropFirst(text.count)
            if self.isWhole { return isWhole && !rest.contains(where: isWordByte) }
            guard let next = rest.first, let last = text.last else { return true }
            return !isWordByte(last) || !isWordByte(next) || last >= 0x80
        }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool { ASCII.isAlphanumeric(byte) || byte >= 0x80 }

    /// Small letters of ASCII, Latin-1, Greek and Cyrillic, as far as two bytes need no table.
    private static func lowered(_ text: ArraySlice<UInt8>) -> [UInt8] {
        Array(String(decoding: text, as: UTF8.self).lowercased().utf8)
    }

    private static let labels: [[Entry]] = {
        var table = [[Entry]](repeating: [], count: 256)
        func add(_ hint: PageHint, isWhole: Bool = false, _ lines: String) {
            for line in lines.split(separator: "\n") {
                let bytes = Array(line.utf8)
                let core = bytes.drop { !isWordByte($0) }
                guard let first = core.first else { continue }
                table[Int(first)].append(Entry(text: Array(core), hint: hint, isWhole: isWhole))
            }
        }
        add(
            .promotion, isWhole: true,
            """
            ad
            ads
            advert
            advertisement
            advertising
            sponsored
            sponsored content
            promoted
            anzeige
            werbung
            publicité
            publicidad
            publicidade
            pubblicità
            advertentie
            annons
            annonce
            reklama
            reklame
            mainos
            реклама
            広告
            广告
            story continues below
            story continues below advertisement
            article continues below
            article continues below advertisement
            continue reading below
            report this ad
            newsletter
            subscribe
            subscribe now
            sign up
            log in
            share
            share this
            share this article
            share this story
            share on facebook
            tweet
            print
            comment
            comments
            no comments
            leave a comment
            kommentare
            commentaires
            comentarios
            teilen
            partager
            compartir
            compartilhar
            condividi
            delen
            copy link
            loading
            follow us
            read more
            weiterlesen
            lire la suite
            leer más
            leia mais
            back to top
            nach oben
            play video
            watch video
            """)
        add(
            .related,
            """
            read also
            also read
            also see
            see also
            read more:
            read more about
            read next
            read:
            related:
            related articles
            related article
            related stories
            related story
            related coverage
            related news
            related posts
            related content
            related reading
            recommended stories
            recommended for you
            recommended reading
            more from
            more on this
            more on:
            more great
            more stories
            you may also like
            you might also like
            you may like
            don't miss
            don’t miss
            most read
            most popular
            trending now
            up next
            next up
            lesen sie auch
            lesen sie hier
            lesen sie mehr
            lies auch
            auch interessant
            mehr zum thema
            mehr dazu
            zum thema
            das könnte
            siehe auch
            meistgelesen
            lire aussi
            à lire aussi
            à lire également
            lire également
            voir aussi
            à découvrir
            sur le même sujet
            notre dossier
            leia também
            leia ainda
            veja também
            saiba mais
            lea también
            lea además
            lee también
            leer también
            te puede interesar
            le puede interesar
            también te puede
            ver también
            para saber más
            leggi anche
            leggi tutto
            potrebbe interessarti
            lees ook
            lees meer
            läs också
            läs mer
            läs även
            les også
            læs også
            lue myös
            czytaj także
            czytaj też
            czytaj więcej
            zobacz także
            zobacz też
            přečtěte si
            čtěte také
            prečítajte si
            olvasta már
            citește și
            citeşte şi
            прочетете още
            читайте также
            читать также
            смотрите также
            по теме
            читайте також
            διαβάστε επίσης
            διαβάστε ακόμα
            baca juga
            simak juga
            xem thêm
            đọc thêm
            devamını oku
            ayrıca oku
            関連記事
            相关阅读
            相關新聞
            延伸阅读
            اقرأ أيضا
            اقرأ أيضاً
            اقرأ المزيد
            इसे भी पढ़ें
            यह भी पढ़ें
            """)
        add(
            .promotion,
            """
            sign up for
            sign up to
            sign up here
            sign up:
            subscribe to
            subscribe here
            get the latest
            get our
            click here to
            click here for
            tap here
            follow us
            follow our
            like us on
            join our
            join us on
            have a tip
            have a story
            got a tip
            get in touch with
            download our
            download the
            all rights reserved
            our standards
            support our journalism
            support independent
            for more stories like this
            like this story
            enjoyed this
            this article contains affiliate
            we may earn
            abonnieren sie
            folgen sie uns
            hat ihnen dieser artikel
            externer inhalt
            empfohlener externer
            an dieser stelle finden sie
            suivez-nous
            abonnez-vous
            inscrivez-vous
            síguenos
            suscríbete
            siga-nos
            seguici
            iscriviti
            volg ons
            obserwuj nas
            подписывайтесь
            ikuti
            we apologize, but this video
            try refreshing your browser
            """)
        add(
            .caption,
            """
            photo:
            photos:
            photo by
            photo credit
            photograph:
            image:
            images:
            image by
            image source
            image credit
            picture:
            pictures:
            credit:
            credits:
            video:
            foto:
            fotos:
            bild:
            bilder:
            bildquelle
            crédit
            crédits
            fotografía:
            imagen:
            imagem:
            zdjęcie:
            фото:
            图片来源
            写真
            """)
        add(
            .byline,
            """
            reporting by
            additional reporting
            editing by
            writing by
            copyright
            published:
            updated:
            last updated
            first published
            veröffentlicht:
            aktualisiert:
            publié le
            mis à jour
            publicado
            actualizado
            pubblicato
            """)
        return table
    }()
}
