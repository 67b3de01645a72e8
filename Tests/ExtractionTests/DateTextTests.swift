import ByteCoding
import Foundation
import News
import Testing

@testable import Extraction

@Suite("Dates")
struct DateTextTests {
    private func utc(_ time: PublishedTime?) -> String? {
        // Whole seconds.
        time.map { ArticleJSON.time(Timestamp(seconds: ($0.at.milliseconds - ($0.at.milliseconds % 1000)) / 1000)) }
    }

    @Test(
        "the forms newsrooms and feeds use",
        arguments: [
            ("Thu, 21 Jan 2016 18:14:05 GMT", "2016-01-21T18:14:05+00:00", PublishedTime.Precision.second),
            ("Thu, 21 Jan 16 18:14 +0900", "2016-01-21T18:14:00+09:00", .minute),
            ("Sun Jan  4 16:29:06 PST 2004", "2004-01-04T16:29:06-08:00", .second),
            ("18:14 January 21, 2016", "2016-01-21T18:14:00+00:00", .minute),
            ("Jan. 20, 2016", "2016-01-20T00:00:00+00:00", .day),
            ("January 2016", "2016-01-01T00:00:00+00:00", .month),
            ("20 January 2016 at 6:14 p.m. EST", "2016-01-20T18:14:00-05:00", .minute),
            ("12:05 AM, 1 March 2020", "2020-03-01T00:05:00+00:00", .minute),
            ("1 mars 2020", "2020-03-01T00:00:00+00:00", .day),
            ("16. November 2020 - 15:54", "2020-11-16T15:54:00+00:00", .minute),
            ("30.10.2023", "2023-10-30T00:00:00+00:00", .day),
            ("03/30/2020", "2020-03-30T00:00:00+00:00", .day),
            ("2022年1月1日", "2022-01-01T00:00:00+00:00", .day),
            ("2016/01/20 18:14:05.5 UTC", "2016-01-20T18:14:05.500+00:00", .second),
            ("1453313645", "2016-01-20T18:14:05+00:00", .second),
            ("20160120T181405Z", "2016-01-20T18:14:05+00:00", .second),
        ] as [(String, String?, PublishedTime.Precision)])
    func forms(text: String, expected: String?, precision: PublishedTime.Precision) {
        let time = DateText.parse(text, from: "field")
        #expect(time.map { ArticleJSON.time($0.at, offsetMinutes: $0.offsetMinutes) } == expected)
        if let time { #expect(time.precision == precision) }
    }

    @Test(
        "what is no date is refused",
        arguments: [
            "", " ", "yesterday", "4 years, 3 months AGO", "UPDATED", "2016-13-01", "2016-02-30", "2016-01-20T25:00",
            "12:30",
            "January", "99999", "20 Foo 2016", "2016-01-20T18:14+99:99", "1.2.3.4", "Jan 20 2016 2017",
            "10:00 11:00 1 May 2020",
            "(", "١٢ يناير", "00/00/0000", "31 June 2020", "12345678901", "-", "+0100",
        ])
    func refused(text: String) { #expect(DateText.parse(text, from: "field") == nil) }

    @Test(
        "the formats of feeds, the languages of the world",
        arguments: [
            ("Tue, 01 Mar 2011 00:00 GMT", "2011-03-01T00:00:00+00:00"),
            ("Tue, 01 Mar 2011", "2011-03-01T00:00:00+00:00"),
            ("Wed, 10 Jun 2015 20:10:00 -02:05", "2015-06-10T22:15:00+00:00"),
            ("Tue Mar  1 06:07:08 2011", "2011-03-01T06:07:08+00:00"),
            ("Tue Mar 01 20:07:08 PST 2011", "2011-03-02T04:07:08+00:00"),
            ("2011-09-03 오후 10:20:30", "2011-09-03T13:20:30+00:00"),
            ("Τρί, 1 Μάρ 2011 12:00:00 EST", "2011-03-01T17:00:00+00:00"),
            ("2011-03-01T7:05-04:00", "2011-03-01T11:05:00+00:00"),
            ("2011-060", "2011-03-01T00:00:00+00:00"),
            ("2011060", "2011-03-01T00:00:00+00:00"),
            ("20110301", "2011-03-01T00:00:00+00:00"),
            ("20160120T181405Z", "2016-01-20T18:14:05+00:00"),
            ("2004-W01-1", "2003-12-29T00:00:00+00:00"),
            ("2004W017", "2004-01-04T00:00:00+00:00"),
            ("2020-W53-5T10:00Z", "2021-01-01T10:00:00+00:00"),
            ("2003-12-31T24:00:00Z", "2004-01-01T00:00:00+00:00"),
            ("2016-01-20T18.5Z", "2016-01-20T18:30:00+00:00"),
            ("Mon, 02 Jan 2006 15:04:05 --0700", "2006-01-02T22:04:05+00:00"),
            ("2006-01-02T15:04:05:-0700", "2006-01-02T22:04:05+00:00"),
            ("Mon, 2 Jan 2006 15:04:05 UTC 00", "2006-01-02T15:04:05+00:00"),
            ("Mon, 2 Jan 2006 15h04 MST", "2006-01-02T22:04:00+00:00"),
            ("2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02T22:04:05+00:00"),
            ("Mon, 2 Jan 2006 15:04:05 EST -0500", "2006-01-02T20:04:05+00:00"),
            ("Thu, 3 Mar 2022 10:00:00 America/New_York", "2022-03-03T15:00:00+00:00"),
            ("Thu, 7 Jul 2022 10:00:00 Europe/Paris", "2022-07-07T08:00:00+00:00"),
            ("June 7, 2022 10:00 AM ET", "2022-06-07T14:00:00+00:00"),
            ("Mon, 2 Jan 2006 15:04:05 (GMT+7)", "2006-01-02T08:04:05+00:00"),
            ("02-01-2006", "2006-01-02T00:00:00+00:00"),
            ("2006 January 02", "2006-01-02T00:00:00+00:00"),
            ("3. März 2021, 16:15 Uhr", "2021-03-03T16:15:00+00:00"),
            ("3. März 2021, 16.15 Uhr", "2021-03-03T16:15:00+00:00"),
            ("3 mars 2021 à 16h15", "2021-03-03T16:15:00+00:00"),
            ("mar. 2 mars 2021", "2021-03-02T00:00:00+00:00"),
            ("mar 02/03/2021", "2021-03-02T00:00:00+00:00"),
            ("3 de marzo de 2021 a las 16:15 h.", "2021-03-03T16:15:00+00:00"),
            ("3 marzo 2021 ore 16.15", "2021-03-03T16:15:00+00:00"),
            ("3 marzo 2021 ore 16:05", "2021-03-03T16:05:00+00:00"),
            ("den 3 mars 2021 kl. 16.15", "2021-03-03T16:15:00+00:00"),
            ("3. maaliskuuta 2021 klo 16.15", "2021-03-03T16:15:00+00:00"),
            ("2021. március 3., 16:15", "2021-03-03T16:15:00+00:00"),
            ("03 Mart 2021 Çarşamba 16:15", "2021-03-03T16:15:00+00:00"),
            ("3 марта 2021 г. в 16:15", "2021-03-03T16:15:00+00:00"),
            ("3 березня 2021, 16:15", "2021-03-03T16:15:00+00:00"),
            ("середа, 3 березня 2021 року", "2021-03-03T00:00:00+00:00"),
            ("п’ятниця, 5 березня 2021", "2021-03-05T00:00:00+00:00"),
            ("Τετάρτη, 3 Μαρτίου 2021 στις 16:15", "2021-03-03T16:15:00+00:00"),
            ("3 مارس 2021", "2021-03-03T00:00:00+00:00"),
            ("٣ مارس ٢٠٢١", "2021-03-03T00:00:00+00:00"),
            ("3 كانون الثاني 2021", "2021-01-03T00:00:00+00:00"),
            ("۱۲ مرداد ۱۴۰۰", "2021-08-03T00:00:00+00:00"),
            ("سه\u{200C}شنبه ۱۲ مرداد ۱۴۰۰", "2021-08-03T00:00:00+00:00"),
            ("3 במרץ 2021", "2021-03-03T00:00:00+00:00"),
            ("3 मार्च 2021", "2021-03-03T00:00:00+00:00"),
            ("Thứ tư, 03/03/2021, 16:15 (GMT+7)", "2021-03-03T09:15:00+00:00"),
            ("ngày 3 tháng 3 năm 2021", "2021-03-03T00:00:00+00:00"),
            ("2021年3月3日星期三 16:15", "2021-03-03T16:15:00+00:00"),
            ("2021年3月3日(水) 午後4時15分", "2021-03-03T16:15:00+00:00"),
            ("令和3年3月3日", "2021-03-03T00:00:00+00:00"),
            ("2020년 5월 3일 (일) 오후 3시 15분", "2020-05-03T06:15:00+00:00"),
            ("2020.05.03 15:20", "2020-05-03T15:20:00+00:00"),
            ("16.11.2020 - 15:54", "2020-11-16T15:54:00+00:00"),
            ("15:54 - 16. November 2020", "2020-11-16T15:54:00+00:00"),
            ("15:54 -3 March 2021", "2021-03-03T15:54:00+00:00"),
            ("16.11.2020 15.54", "2020-11-16T15:54:00+00:00"),
            ("3pm, 3 March 2021", "2021-03-03T15:00:00+00:00"),
            ("March 3, 2021 4:15 p. m.", "2021-03-03T16:15:00+00:00"),
            ("Fri, 05 03 2021 08:50:40 +0100", "2021-03-05T07:50:40+00:00"),
            ("Fri, 05/06/2020", "2020-06-05T00:00:00+00:00"),
            ("May 5, '21", "2021-05-05T00:00:00+00:00"),
            ("1453313645123", "2016-01-20T18:14:05+00:00"),
            ("1er janvier 2020", "2020-01-01T00:00:00+00:00"),
            ("quarta-feira, 3 de março de 2021 16h15", "2021-03-03T16:15:00+00:00"),
            ("3 sierpnia 2021", "2021-08-03T00:00:00+00:00"),
            ("3. srpna 2021", "2021-08-03T00:00:00+00:00"),
            ("12. července 2021", "2021-07-12T00:00:00+00:00"),
            ("3 ianuarie 2021, 16:15", "2021-01-03T16:15:00+00:00"),
            ("3 มีนาคม 2564", "2021-03-03T00:00:00+00:00"),
            ("Rabu, 3 Maret 2021 16:15 WIB", "2021-03-03T09:15:00+00:00"),
            ("2011-11-04 00:05:23.283+00:00", "2011-11-04T00:05:23+00:00"),
            ("Dec 31 1999", "1999-12-31T00:00:00+00:00"),
            ("12/31/99", "1999-12-31T00:00:00+00:00"),
            ("2021-03", "2021-03-01T00:00:00+00:00"),
            ("March 2021", "2021-03-01T00:00:00+00:00"),
            ("10:00 1 May 2020 EDT", "2020-05-01T14:00:00+00:00"),
            ("9:05PM EDT Tue 4 May 2021", "2021-05-05T01:05:00+00:00"),
            ("2011年03月01日 13:31:15", "2011-03-01T13:31:15+00:00"),
            ("2010-08-02 오전 1:05", "2010-08-01T16:05:00+00:00"),
        ])
    func worldwide(text: String, expected: String) { #expect(utc(DateText.parse(text, from: "feed")) == expected) }

    @Test(
        "what programs write",
        arguments: [
            ("2021-03-03T16:15:00.000+0000", "2021-03-03T16:15:00+00:00"),
            ("2021-03-03 16:15:00 +0000 UTC", "2021-03-03T16:15:00+00:00"),
            ("2021-03-03T16:15:00Z[UTC]", "2021-03-03T16:15:00+00:00"),
            ("2021-03-03T16:15:00+01:00[Europe/Berlin]", "2021-03-03T15:15:00+00:00"),
            ("Wed Mar 03 16:15:00 GMT 2021", "2021-03-03T16:15:00+00:00"),
            ("Wed Mar 03 16:15:00 +0100 2021", "2021-03-03T15:15:00+00:00"),
            ("20210303T161500", "2021-03-03T16:15:00+00:00"),
            ("Wed Mar 03 2021 16:15:00 GMT+0100 (Central European Standard Time)", "2021-03-03T15:15:00+00:00"),
            ("1614788100000", "2021-03-03T16:15:00+00:00"),
            ("2021-3-3 4:15:00 PM", "2021-03-03T16:15:00+00:00"),
            ("3/3/2021 4:15:00 PM", "2021-03-03T16:15:00+00:00"),
            ("2021-03-03T16", "2021-03-03T16:00:00+00:00"),
            ("2021-03-03T1615", "2021-03-03T16:15:00+00:00"),
            ("2021-03-03T16:15:00 +01:00", "2021-03-03T15:15:00+00:00"),
            ("2021-03-03T16:15:00 CET", "2021-03-03T15:15:00+00:00"),
            ("Wednesday, 03-Mar-21 16:15:00 GMT", "2021-03-03T16:15:00+00:00"),
            ("Wed, 03-Mar-2021 16:15:00 GMT", "2021-03-03T16:15:00+00:00"),
            ("03-Mar-2021", "2021-03-03T00:00:00+00:00"),
            ("3-Mar-21", "2021-03-03T00:00:00+00:00"),
            ("Mar-03-2021", "2021-03-03T00:00:00+00:00"),
            ("2021. 03. 03.", "2021-03-03T00:00:00+00:00"),
            ("2021.03.03. 16:15", "2021-03-03T16:15:00+00:00"),
            ("2021年03月03日16時15分", "2021-03-03T16:15:00+00:00"),
            ("2021-03-03T16:15:00+00:00Z", "2021-03-03T16:15:00+00:00"),
            ("2021-03-03t16:15:00z", "2021-03-03T16:15:00+00:00"),
            ("2021-03-03T16:15:00,5Z", "2021-03-03T16:15:00+00:00"),
            ("2021-03-03T16:15:00+1:00", "2021-03-03T15:15:00+00:00"),
            ("2021-03-03 at 16:15", "2021-03-03T16:15:00+00:00"),
            ("Wed, 3 Mar 2021 16:15:00 Z", "2021-03-03T16:15:00+00:00"),
            ("Wed, 3 Mar 2021 16:15:00 A", "2021-03-03T16:15:00+00:00"),
            ("Wed, 3 Mar 2021 16.15.00 GMT", "2021-03-03T16:15:00+00:00"),
            ("Wed,3 Mar 2021 16:15:00 GMT", "2021-03-03T16:15:00+00:00"),
            ("Wed. 3 Mar. 2021 16:15", "2021-03-03T16:15:00+00:00"),
            ("Wed , 03 Mar 2021 16:15:00 +0000", "2021-03-03T16:15:00+00:00"),
            ("Wed, 03 March, 2021 16:15:00 +0000", "2021-03-03T16:15:00+00:00"),
            ("Mer, 03 Mars 2021 16:15:00 +0000", "2021-03-03T16:15:00+00:00"),
            ("03 Mar 2021 16:15:00 +00:00", "2021-03-03T16:15:00+00:00"),
            ("March 3, 2021 at 4:15 PM UTC+1", "2021-03-03T15:15:00+00:00"),
            ("March 3, 2021 4.15 pm IST", "2021-03-03T10:45:00+00:00"),
            ("3rd of March 2021", "2021-03-03T00:00:00+00:00"),
            ("3rd March, 2021 04:15pm", "2021-03-03T16:15:00+00:00"),
            ("2021 Mar 3", "2021-03-03T00:00:00+00:00"),
            ("20210303", "2021-03-03T00:00:00+00:00"),
            ("202103031615", "2021-03-03T16:15:00+00:00"),
            ("20210303161500", "2021-03-03T16:15:00+00:00"),
            ("2021-062", "2021-03-03T00:00:00+00:00"),
            ("2021W093", "2021-03-03T00:00:00+00:00"),
            ("2021-03-03Z", "2021-03-03T00:00:00+00:00"),
            ("2021-03-03+01:00", "2021-03-03T00:00:00+00:00"),
            ("(2021-03-03)", "2021-03-03T00:00:00+00:00"),
            ("Thu, 01 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00+00:00"),
            ("12345", "2012-12-10T00:00:00+00:00"),
        ])
    func programs(text: String, expected: String) { #expect(utc(DateText.parse(text, from: "meta")) == expected) }

    @Test(
        "what programs write where there is no date",
        arguments: [
            "2021-00-00",
            "0000-00-00 00:00:00",
            "0000-00-00T00:00:00Z",
            "-0001-11-30T00:00:00+00:00",
            "Mon, 30 Nov -0001 00:00:00 +0000",
            "1",
            "12",
            "yesterday",
            "Today 16:15",
            "Wed, 32 Mar 2021 16:15:00 GMT",
            "Wed, 3 Mar 2021 24:15:00 GMT",
            "Wed, 3 Mar 2021 16:60:00 GMT",
            "13/13/2021",
            "2021-03-03T16:15:00+25:00",
        ])
    func noDate(text: String) { #expect(DateText.parse(text, from: "meta") == nil) }

    @Test(
        "one word or number too many makes no date",
        arguments: [
            "Tue, 1 Mar 2011 5:6:7:8 GMT",
            "Tue, 77 Mar 2011 12:00:00 GMT",
            "Tue, 1 qq 2011 12:00:00 GMT",
            "Wed, 31 Nov 2011 19:40:20 GMT",
            "4 years, 3 months AGO",
            "Mon, 15 Mar 2021 10:00:00 GMT; extra",
        ])
    func tooMuch(text: String) { #expect(DateText.parse(text, from: "feed") == nil) }

    @Test(
        "a date is found within a longer text",
        arguments: [
            ("By Ann Smith | Updated: March 3, 2021, 4:15 pm", "2021-03-03T16:15:00+00:00"),
            ("Published 4:15 pm EST, March 3, 2021", "2021-03-03T21:15:00+00:00"),
            ("Section 5 March 3, 2021", "2021-03-03T00:00:00+00:00"),
            ("March 3, 2021 at 15 people", "2021-03-03T00:00:00+00:00"),
            ("3 March 2021 • 5 min read", "2021-03-03T00:00:00+00:00"),
            ("Posted on 03/30/2020 5 comments", "2020-03-30T00:00:00+00:00"),
            ("https://example.com/2021/03/04/a-story-12", "2021-03-04T00:00:00+00:00"),
            ("Von Max Muster, 03.03.2021 16:15 Uhr", "2021-03-03T16:15:00+00:00"),
            ("Stand: 03.03.21, 16.15 Uhr", "2021-03-03T16:15:00+00:00"),
            ("Publié le 3 mars 2021 à 16h15, mis à jour le 4 mars", "2021-03-03T16:15:00+00:00"),
            ("(3 March 2021)", "2021-03-03T00:00:00+00:00"),
            ("입력 2020.05.03 15:20 수정 2020.05.04", "2020-05-03T15:20:00+00:00"),
            ("发布时间：2021年03月03日 16:15 来源", "2021-03-03T16:15:00+00:00"),
            ("2021-03-03T16:15:00+01:00 foo", "2021-03-03T15:15:00+00:00"),
            ("Last modified on Wed 3 Mar 2021 16.15 GMT", "2021-03-03T16:15:00+00:00"),
            ("Опубліковано 3 березня 2021 о 16:15", "2021-03-03T16:15:00+00:00"),
            ("9 марта 2021 в 10:11, 120 просмотров", "2021-03-09T10:11:00+00:00"),
            ("Updated 10:32 GMT (18:32 HKT) August 6, 2016", "2016-08-06T10:32:00+00:00"),
            ("Wednesday, March 3, 2021 - 16:15", "2021-03-03T16:15:00+00:00"),
            ("image_20210303.jpg", "2021-03-03T00:00:00+00:00"),
            ("2021. 3. 3. 오후 4:15", "2021-03-03T07:15:00+00:00"),
            ("2021.03.03 (수) 16:15", "2021-03-03T16:15:00+00:00"),
            ("Joe Biden, 78, 3 March 2021", "2021-03-03T00:00:00+00:00"),
            ("March 3rd, 2021", "2021-03-03T00:00:00+00:00"),
            ("date published: 2021-03-03", "2021-03-03T00:00:00+00:00"),
            ("3 Mar 2021, 4:15pm", "2021-03-03T16:15:00+00:00"),
            ("Mar 3rd 2021 4.15pm", "2021-03-03T16:15:00+00:00"),
            ("4:15 PM, Mar 03, 2021", "2021-03-03T16:15:00+00:00"),
            ("MARCH 3, 2021 / 4:15 PM / CBS NEWS", "2021-03-03T16:15:00+00:00"),
            ("3/3/21 4:15 PM", "2021-03-03T16:15:00+00:00"),
        ])
    func within(text: String, expected: String) {
        #expect(utc(DateText.first(in: text, from: "text")?.time) == expected)
    }

    @Test(
        "numbers and words of prose are no date",
        arguments: [
            "version 1.2.3 is out",
            "Phone 030 12345678, room 5",
            "Mayor 3 2021 elections",
            "March 2021",
            "In the 2016 race 3 of 4 marched",
            "on May 3 we saw, 2021",
            "scored 1-2-34 in all",
            "12 23 March",
        ])
    func noneWithin(text: String) { #expect(DateText.first(in: text, from: "text") == nil) }

    @Test("what was found says where it stands and whether a time of day was stated")
    func place() throws {
        let text = "Épilogue – 3 March 2021, then 4 March 2021 at 16:15."
        let found = DateText.all(in: text, from: "text")
        #expect(found.map(\.time.precision) == [.day, .minute])
        let parts = found.map { String(decoding: Array(text.utf8)[$0.bytes], as: UTF8.self) }
        #expect(parts == ["3 March 2021", "4 March 2021 at 16:15"])
    }

    @Test("a field that says RFC 3339 takes no digits without signs")
    func w3c() {
        for text in ["22013", "013", "20160120", "031231"] {
            #expect(DateText.parse(text, from: "feed", form: .w3c) == nil)
        }
        #expect(DateText.parse("22013", from: "feed") != nil)
        #expect(DateText.parse("12345", from: "text", form: .prose) == nil)
    }

    @Test("the work grows with the text's length only")
    func linear() {
        for unit in ["1 ", "March 3, ", "(", "2021年3月", "12:30 "] {
            let text = String(repeating: unit, count: 200_000 / unit.utf8.count)
            // Work that grows with the square takes minutes.
            #expect(processorSeconds { _ = DateText.all(in: text, from: "text") } < 20, "\(unit)")
        }
    }

    @Test("no mutation makes it trap")
    func mutations() {
        var random = SplitMix64(seed: 3)
        let seeds = [
            "Thu, 21 Jan 2016 18:14:05 +0900 (KST)", "2016-01-20T18:14:05.123+09:00", "2004년 05월 28일 오후 01:31:15",
        ]
        for round in 0..<5000 {
            let bytes = mutated(Array(seeds[round % 3].utf8), using: &random)
            if let time = DateText.parse(String(decoding: bytes, as: UTF8.self), from: "x") {
                let again = DateText.parse(ArticleJSON.time(time.at, offsetMinutes: time.offsetMinutes), from: "x")
                #expect(again?.at == time.at)
            }
        }
    }

    static let file = SharedData.file("conformance/dates/cases.json")

    @Test("the conformance cases", .enabled(if: file != nil, "conformance data are not here"))
    func conformance() throws {
        struct Case: Decodable {
            let input: String
            // swift-format-ignore: AlwaysUseLowerCamelCase
            let expected_utc: String?
            let kind: String
        }
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: try #require(Self.file)))
        var failed: [String] = []
        for test in cases {
            // These tests count whole seconds.
            let seconds = DateText.parse(test.input, from: "feed", form: test.kind == "w3dtf" ? .w3c : .any).map {
                Int64((Double($0.at.milliseconds) / 1000).rounded(.down))
            }
            let got = seconds.map { ArticleJSON.time(Timestamp(seconds: $0)) }
            let expected = test.expected_utc?.replacing("Z", with: "+00:00")
            if test.kind == "feed-must-parse" ? got == nil : got != expected { failed.append(test.input) }
        }
        #expect(Double(failed.count) <= Double(cases.count) * 0.01, "\(failed)")
    }
}
