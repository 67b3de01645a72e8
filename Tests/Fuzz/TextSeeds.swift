/// Pages, dates, addresses and lists to begin with: short, and with something of everything that their readers know.
enum TextSeeds {
    static let pages = [
        """
        <!DOCTYPE html><html lang=de-AT><head><meta charset=utf-8><title>Holm &amp; Sohn | Der Bote</title><base
        href="/x/">
        <link rel=canonical href="?a=1&utm_source=x"><meta property="og:title" content="Holm &#38; Sohn"><meta
        name=author content="Ada Holm">
        <script
        type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":["NewsArticle"],"headline":"H\\u00e4","author":[{"@type":"Person",
        "name":"Ada Holm"}],"datePublished":"2020-01-02T10:00:00+01:00","dateModified":1577955600,"articleBody":"x"}]}</script></head>
        <body class="home"><nav><ul><li><a href=1>Eins<li><a href=2>Zwei</ul></nav><main><article><h1>Holm &amp;
        Sohn</h1>
        <p class=byline>Von <a rel=author href=/ada>Ada Holm</a>, <time datetime="2020-01-02">2. Jänner 2020, 10.00
        Uhr</time></p>
        <figure><img src=i.png alt=a><figcaption>Bild: dpa</figcaption></figure><p>Der erste Satz, mit Komma und
        genug Wörtern, um Text zu sein.
        <p>Der zweite <b>mit <i>schief</b> verschachtelten</i> Teilen<br>und einem Umbruch.<table><tr><td>1<td>2<p>im
        Feld</table>
        <blockquote>Ein Zitat, das auch nicht ganz kurz ist.</blockquote><div class="related teaser"><a href=3>Mehr
        dazu</a></div>
        <aside>Werbung</aside><svg><title>x</title><path d=M/></svg><math><mi>x</math><!-- c
        --><textarea><p></textarea></article></main>
        <footer>© 2020 Der Bote</footer></body></html>
        """,
        """
        <html><head><meta http-equiv=content-type content="text/html;
        charset=windows-1251"><title>t</title><noscript><p>n</noscript></head>
        <body><div itemscope itemtype="http://schema.org/NewsArticle"><span itemprop=headline>H</span><span
        itemprop=author itemscope><span
        itemprop=name>N</span></span><meta itemprop=datePublished content="Wed, 21 Oct 2015 07:28:00 GMT"><div
        itemprop=articleBody>Text<p>Text
        <select><option>o<optgroup></select><frameset><template><tr></template></div></div>By A. B. | Updated: March
        3, 2021, 4:15 p.m. ET
        """,
        "<plaintext><p>x",
        "<!--><p>&lt;&#x26;&notit;&#0;&#xD800;</p><![CDATA[x]]><?p?><a b='c' d=e f></a x></br><p/></p>",
    ]

    static let dates = [
        "Thu, 21 Jan 2016 18:14:05 +0900 (KST)", "2016-01-20T18:14:05.123+09:00", "2016-W03-4", "20160120T1814Z",
        "2004년 05월 28일 오후 01:31:15", "2021年3月3日星期三 下午4:15", "By A. B. | Updated: March 3, 2021, 4:15 p.m. ET",
        "le 3 mars 2021 à 16h15", "۱۲ مرداد ۱۴۰۰", "ngày 3 tháng 3 năm 2021 (GMT+7)", "1453313645",
        "03/03/21 16.15 Europe/Paris", "令和3年3月3日",
    ]

    static let addresses = [
        "https://user:pw@Bücher.example:8080/a/%2e/b;c?d=%zz&utm_x#f", "http://[2001:db8::1.2.3.4]:80/",
        "http://0x7f.0.1/..",
        "//news.example/../a?ref=b", "https://bu\u{308}cher.example/?outputType=amp",
        "https://www-news-example.cache.example/c/s/www.news.example/a/amp", "https://news.example/en/page/2/",
        "file://host/C|/a/../b", "sc:/a/./b//..?q#f", "non:opaque  ?x#y", "../x/..//y",
    ]

    static let robots = [
        "\u{FEFF}User-agent: coranto\r\nAllow: /a/*b$\nDisallow: /%c3\nCrawl-delay: 1.5\nSitemap: https://x/\n",
        "user-agent *\rdisallow /a*a*a*a*a*b\rallow: /index.html\r",
    ]

    static let opml = [
        """
        <opml version='2.0'><head><title>T</title></head><body><outline text='A &amp; B'><outline title='C'
        xmlUrl='http://c/?d&amp;e'
        interval='1s'/><outline text='F'><outline xmlUrl='http://g/'></outline></outline></body></opml>
        """
    ]
}
