import News

/// Character references of HTML that stand in feeds and pages: "&amp;", "&#8211;", "&#x2014;".
///
/// Names are those of HTML 4 and the letters of European languages; the other two thousand of HTML 5 are mathematics.
enum Entities {
    /// Appends `bytes` with its references decoded; what is none stays as it is.
    static func decode(_ bytes: ArraySlice<UInt8>, into out: inout [UInt8]) {
        ByteSpan.of(bytes) { bytes in
            var index = bytes.startIndex
            while true {
                let ampersand = ByteSearch.first(UInt8(ascii: "&"), in: bytes, from: index)
                out.append(contentsOf: bytes[index..<ampersand])
                guard ampersand < bytes.endIndex else { return }
                if let (scalar, end) = reference(bytes, at: ampersand) {
                    append(scalar, to: &out)
                    index = end
                } else {
                    out.append(UInt8(ascii: "&"))
                    index = ampersand + 1
                }
            }
        }
    }

    static func decoded(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
        var out: [UInt8] = []
        decode(Array(text.utf8)[...], into: &out)
        return String(decoding: out, as: UTF8.self)
    }

    /// Whether a name is one of an entity.
    static func isName(_ name: ByteSpan) -> Bool { value(name) != nil }

    static func append(_ scalar: Unicode.Scalar, to out: inout [UInt8]) {
        if let encoded = UTF8.encode(scalar) { out.append(contentsOf: encoded) }
    }

    static func reference(_ bytes: ArraySlice<UInt8>, at start: Int) -> (Unicode.Scalar, Int)? {
        ByteSpan.of(bytes) { reference($0, at: start) }
    }

    /// The reference at an ampersand and where it ends. Without its semicolon a number counts, and a name HTML 2 had.
    static func reference(_ bytes: ByteSpan, at start: Int) -> (Unicode.Scalar, Int)? {
        guard start + 1 < bytes.endIndex else { return nil }
        if bytes[start + 1] == UInt8(ascii: "#") { return number(bytes, at: start + 2) }
        var end = start + 1
        while end < bytes.endIndex, end <= start + longestName + 1, ASCII.isAlphanumeric(bytes[end]) { end += 1 }
        guard let value = value(bytes[(start + 1)..<end]), let scalar = Unicode.Scalar(value) else { return nil }
        if end < bytes.endIndex, bytes[end] == UInt8(ascii: ";") { return (scalar, end + 1) }
        return value <= 0xFF || value == 0x22 || value == 0x26 ? (scalar, end) : nil
    }

    private static func number(_ bytes: ByteSpan, at start: Int) -> (Unicode.Scalar, Int)? {
        var index = start
        let isHex = index < bytes.endIndex && bytes[index] | 0x20 == UInt8(ascii: "x")
        if isHex { index += 1 }
        let digits = index
        var value: UInt32 = 0
        while index < bytes.endIndex, let digit = ASCII.hexValue(bytes[index]), isHex || digit < 10 {
            value = min(value * (isHex ? 16 : 10) + UInt32(digit), 0x110000)
            index += 1
        }
        guard index > digits else { return nil }
        if index < bytes.endIndex, bytes[index] == UInt8(ascii: ";") { index += 1 }
        // HTML reads the numbers of the C1 controls as windows-1252.
        if (0x80...0x9F).contains(value) { value = windows1252[Int(value) - 0x80] }
        return (value == 0 ? "\u{FFFD}" : Unicode.Scalar(value) ?? "\u{FFFD}", index)
    }

    /// Letters of the windows-1252 bytes 0x80…0x9F; unassigned ones stay.
    static let windows1252: [UInt32] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,
        0x017D,
        0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153,
        0x9D,
        0x017E, 0x0178,
    ]

    private static let longestName = 8

    private static func value(_ name: ByteSpan) -> UInt32? { key(name).flatMap { named[$0] } }

    /// A name's bytes as one number, as none has more than eight; nil for one that has, or none.
    private static func key(_ name: some Collection<UInt8>) -> UInt64? {
        guard (1...longestName).contains(name.count) else { return nil }
        return name.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static let named: [UInt64: UInt32] = {
        var table: [UInt64: UInt32] = [:]
        let words = list.split(whereSeparator: { $0 == " " || $0 == "\n" })
        for index in stride(from: 0, to: words.count - 1, by: 2) {
            if let key = key(words[index].utf8) { table[key] = UInt32(words[index + 1], radix: 16) }
        }
        return table
    }()

    /// Name and scalar, hexadecimal.
    private static let list = """
        AElig c6 AMP 26 Aacute c1 Abreve 102 Acirc c2 Agrave c0 Alpha 391 Amacr 100 Aogon 104 Aring c5 Atilde c3
        Auml c4 Beta 392 Cacute 106 Ccaron 10c Ccedil c7 Chi 3a7 Dagger 2021 Delta 394 Dstrok 110 ETH d0 Eacute c9
        Ecaron 11a Ecirc ca Egrave c8 Eogon 118 Epsilon 395 Eta 397 Euml cb GT 3e Gamma 393 Gbreve 11e Iacute cd
        Icirc ce Idot 130 Igrave cc Iota 399 Iuml cf Kappa 39a LT 3c Lambda 39b Lstrok 141 Mu 39c Nacute 143
        NewLine a Ntilde d1 Nu 39d OElig 152 Oacute d3 Ocirc d4 Odblac 150 Ograve d2 Omega 3a9 Omicron 39f Oslash d8
        Otilde d5 Ouml d6 Phi 3a6 Pi 3a0 Prime 2033 Psi 3a8 QUOT 22 Rcaron 158 Rho 3a1 Sacute 15a Scaron 160
        Scedil 15e Sigma 3a3 THORN de Tab 9 Tau 3a4 Tcedil 162 Theta 398 Uacute da Ucirc db Udblac 170 Ugrave d9
        Upsilon 3a5 Uring 16e Uuml dc Xi 39e Yacute dd Yuml 178 Zacute 179 Zcaron 17d Zdot 17b Zeta 396 aacute e1
        abreve 103 acirc e2 acute b4 aelig e6 agrave e0 alefsym 2135 alpha 3b1 amacr 101 amp 26 and 2227 ang 2220
        aogon 105 apos 27 aring e5 ast 2a asymp 2248 atilde e3 auml e4 bdquo 201e beta 3b2 brvbar a6 bsol 5c
        bull 2022 cacute 107 cap 2229 ccaron 10d ccedil e7 cedil b8 cent a2 chi 3c7 circ 2c6 clubs 2663 colon 3a
        comma 2c commat 40 cong 2245 copy a9 crarr 21b5 cup 222a curren a4 dArr 21d3 dagger 2020 darr 2193 deg b0
        delta 3b4 diams 2666 divide f7 dollar 24 dstrok 111 eacute e9 ecaron 11b ecirc ea egrave e8 empty 2205
        emsp 2003 ensp 2002 eogon 119 epsilon 3b5 equals 3d equiv 2261 eta 3b7 eth f0 euml eb euro 20ac excl 21
        exist 2203 fnof 192 forall 2200 frac12 bd frac14 bc frac34 be frasl 2044 gamma 3b3 gbreve 11f ge 2265
        grave 60 gt 3e hArr 21d4 hairsp 200a harr 2194 hearts 2665 hellip 2026 horbar 2015 hyphen 2010 iacute ed
        icirc ee iexcl a1 igrave ec image 2111 infin 221e inodot 131 int 222b iota 3b9 iquest bf isin 2208 iuml ef
        kappa 3ba lArr 21d0 lambda 3bb lang 27e8 laquo ab larr 2190 lceil 2308 lcub 7b ldquo 201c ldquor 201e
        le 2264 lfloor 230a lowast 2217 lowbar 5f loz 25ca lpar 28 lrm 200e lsaquo 2039 lsqb 5b lsquo 2018
        lsquor 201a lstrok 142 lt 3c macr af mdash 2014 micro b5 middot b7 minus 2212 mldr 2026 mu 3bc nabla 2207
        nacute 144 nbsp a0 ndash 2013 ne 2260 ni 220b not ac notin 2209 nsub 2284 ntilde f1 nu 3bd num 23 numsp 2007
        oacute f3 ocirc f4 odblac 151 oelig 153 ograve f2 oline 203e omega 3c9 omicron 3bf oplus 2295 or 2228
        ordf aa ordm ba oslash f8 otilde f5 otimes 2297 ouml f6 para b6 part 2202 percnt 25 period 2e permil 2030
        perp 22a5 phi 3c6 pi 3c0 piv 3d6 plus 2b plusmn b1 pound a3 prime 2032 prod 220f prop 221d psi 3c8
        puncsp 2008 quest 3f quot 22 rArr 21d2 radic 221a rang 27e9 raquo bb rarr 2192 rcaron 159 rceil 2309 rcub 7d
        rdquo 201d rdquor 201d real 211c reg ae rfloor 230b rho 3c1 rlm 200f rpar 29 rsaquo 203a rsqb 5d rsquo 2019
        rsquor 2019 sacute 15b sbquo 201a scaron 161 scedil 15f sdot 22c5 sect a7 semi 3b shy ad sigma 3c3
        sigmaf 3c2 sim 223c sol 2f spades 2660 sub 2282 sube 2286 sum 2211 sup 2283 sup1 b9 sup2 b2 sup3 b3
        supe 2287 szlig df tau 3c4 tcedil 163 there4 2234 theta 3b8 thetasym 3d1 thinsp 2009 thorn fe tilde 2dc
        times d7 trade 2122 uArr 21d1 uacute fa uarr 2191 ucirc fb udblac 171 ugrave f9 uml a8 upsih 3d2 upsilon 3c5
        uring 16f uuml fc verbar 7c weierp 2118 xi 3be yacute fd yen a5 yuml ff zacute 17a zcaron 17e zdot 17c
        zeta 3b6 zwj 200d zwnj 200c
        """
}
