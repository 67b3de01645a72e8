/// Feeds and lists of pages of all kinds, small and with something of everything.
enum FeedSeeds {
    static let texts = [
        """
        <?xml version="1.0" encoding="utf-8"?><!DOCTYPE rss [<!ENTITY e "x"><!ENTITY f '&#233;'>]>
        <rss version="2.0" xmlns:c="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
         xmlns:m="http://search.yahoo.com/mrss/" xmlns:i="http://www.itunes.com/dtds/podcast-1.0.dtd"
         xmlns:g="http://www.georss.org/georss" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>T &e;&f;&nbsp;</title>
        <link>https://news.example/</link><language>en-GB</language><image><url>u</url><title>L</title><width>8</width></image>
        <textInput><name>q</name></textInput><i:owner><i:name>O</i:name><i:email>o@example.com</i:email></i:owner>
        <item><title>A &amp;amp; B</title><link>/a?b=1&c=2</link><guid isPermaLink="false">g</guid><author>a@b.example (A)</author>
        <description>&lt;p style="color:red;x:url(y)" onclick=z&gt;One &lt;a href='?q'&gt;two&lt;/a&gt;&lt;script&gt;</description>
        <c:encoded><![CDATA[<img src=/i.png alt="a>b"><svg viewBox='0'><path d=M/></svg><math><mi>x</mi></math><!-- c -->]]></c:encoded>
        <pubDate>Thu, 21 Jan 2016 18:14:05 +0900</pubDate><category domain="d">C</category><i:keywords>a, b</i:keywords>
        <enclosure url="e" length="1" type="image/png"/><m:group><m:content url="m" medium="image"><m:title>P</m:title></m:content>
        <m:credit role="r">C</m:credit><m:restriction relationship="allow">de at</m:restriction></m:group>
        <g:point>1.5 2</g:point><source url="s">S</source><dc:creator>D</dc:creator><x:y z='1'>w</x:y></item></channel></rss>
        """,
        """
        <feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de" xml:base="https://a.example/x/"><title type="html">N &amp;lt;</title>
        <link rel="self" href="s"/><author><name>D</name><email>d@e.example</email><uri>u</uri></author><generator uri="g">G</generator>
        <entry><id>urn:1</id><link href="1"/><link rel="enclosure" type="image/png" href="i.png"/><updated>2020-01-02T10:00:00Z</updated>
        <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One &lt; <b>two</b></p></div></content>
        <summary type="application/octet-stream" mode="base64">PGI+eDwvYj4=</summary><category term="t" label="L" scheme="s"/>
        <source><title>E</title><id>urn:e</id></source></entry></feed>
        """,
        """
        <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel rdf:about="x">
        <title>R</title></channel><item rdf:about="1"><title>T</title><link>https://r.example/1</link></item></rdf:RDF>
        """,
        #"""
        {"version":"https://jsonfeed.org/version/1.1","title":"J","authors":[{"name":"D","url":"u"}],"items":[{"id":1,"url":"h",
        "content_html":"<p>x<b>","content_text":"a < b","tags":["x"],"date_published":"2020-01-01T10:00:00+01:00",
        "attachments":[{"url":"a","mime_type":"m","size_in_bytes":1.5}]}]}
        """#,
        "<channel href='h' lastmod='2004-04-06T23:05:43-05:00'><title>C</title><item href='i'><abstract>a</abstract></item></channel>",
    ]

    static let sitemaps = [
        """
        <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"><url>
        <loc>https://news.example/a</loc><lastmod>2020-01-01</lastmod><n:news><n:publication><n:name>N</n:name></n:publication>
        <n:title>T</n:title><n:publication_date>2020-01-01</n:publication_date></n:news></url></urlset>
        """,
        "\u{FEFF}https://news.example/a\r\nhttp://news.example/b\n",
        """
        <sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>https://news.example/1.xml</loc>
        <lastmod>2020-01-01T10:00:00Z</lastmod></sitemap></sitemapindex>
        """,
    ]
}
