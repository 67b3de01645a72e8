"""Suites of feeds: feeds-feedparser, feeds-gofeed, feeds-whole and sitemaps, through `coranto feeds parse --batch`.

What the program prints has feedparser's names already; what is left to adapt is the second name that feedparser's
dictionaries answer to, and the whole of gofeed's universal model.
"""
import importlib.util
import json
import os
import subprocess

from . import Result

SUITES = ["feeds-feedparser", "feeds-gofeed", "feeds-whole", "sitemaps"]
PROGRAMS = ["coranto"]
TIME_LIMIT_SECONDS = 600


def run(directory, tools, programs, failed):
    results = []
    for name, score in (("feeds-feedparser", feedparser), ("feeds-gofeed", gofeed),
                        ("feeds-whole", whole), ("sitemaps", sitemaps)):
        folder = os.path.join(directory, name)
        if os.path.isdir(folder):
            results += score(folder, tools, programs["coranto"], failed)
    return results


def parse(program, lines, *options):
    """The answers of the program, by id."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run([program, "feeds", "parse", "--batch", "-", *options], input=text.encode(),
                          stdout=subprocess.PIPE, timeout=TIME_LIMIT_SECONDS)
    answers = {}
    for line in done.stdout.splitlines():
        answer = json.loads(line)
        answers[answer["id"]] = answer
    return answers


def cases(folder, name="cases.jsonl"):
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        if name.endswith(".json"):
            return json.load(file)
        return [json.loads(line) for line in file]


def share(chosen, missed):
    return (len(chosen) - len(missed)) / len(chosen) if chosen else None


# feeds-feedparser

SECOND_NAMES = {
    "guid": "id", "date": "updated", "date_parsed": "updated_parsed", "url": "href", "modified": "updated",
    "modified_parsed": "updated_parsed", "issued": "published", "issued_parsed": "published_parsed",
    "copyright": "rights", "copyright_detail": "rights_detail", "tagline": "subtitle",
    "tagline_detail": "subtitle_detail",
}


class Names(dict):
    """A dictionary that answers to feedparser's second names too, which do not count when two are compared."""

    def __init__(self, items):
        super().__init__(items)
        self.second = {}

    def get(self, name, default=None):
        return super().get(name, self.second.get(name, default))


def aliased(value):
    """A copy in which every dictionary answers to feedparser's second names."""
    if isinstance(value, list):
        return [aliased(each) for each in value]
    if not isinstance(value, dict):
        return value
    names = Names((name, whole_seconds(each) if name.endswith("_parsed") else aliased(each))
                  for name, each in value.items())
    names.second = second_names(names)
    return names


def whole_seconds(time):
    """feedparser's times have no fractions."""
    return time.split(".")[0].rstrip("Z") + "Z" if time else time


def second_names(names):
    made = dict(names)
    for second, first_name in SECOND_NAMES.items():
        if second not in made and first_name in made:
            made[second] = made[first_name]
    for suffix in ("", "_detail"):
        for first_name in ("subtitle", "summary"):
            if first_name + suffix in made:
                made["description" + suffix] = made[first_name + suffix]
    for suffix in ("", "_parsed"):
        if "updated" + suffix not in made and "published" + suffix in made:
            made["updated" + suffix] = made["published" + suffix]
    if made.get("tags"):
        made["category"] = made["tags"][0].get("term")
    if "links" in made:
        made["enclosures"] = [aliased({name: each for name, each in link.items() if name != "rel"})
                              for link in made["links"] if link.get("rel") == "enclosure"]
        licences = [link["href"] for link in made["links"] if link.get("rel") == "license" and "href" in link]
        if licences:
            made["license"] = licences[0]
    return made


def feedparser(folder, tools, program, failed):
    spec = importlib.util.spec_from_file_location("score_feeds", os.path.join(tools, "score_feeds.py"))
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    known = cases(folder)
    answers = parse(program, [
        {"id": case["id"], "file": os.path.join(folder, case["file"]), "url": case.get("url") or "",
         "headers": case.get("headers") or {}} for case in known])
    results = []
    for tier, goal in (("core", 0.995), ("extra", 0.90)):
        chosen = [case for case in known if case["tier"] == tier]
        missed = []
        for case in chosen:
            answer = aliased(answers.get(case["id"], {}))
            broken = [each for each in case["expect"] if not scorer.holds(answer, each)]
            if broken or not answer:
                seen = scorer.walk(answer, broken[0]["path"]) if broken else None
                missed.append(f"{case['id']}: {seen!r:.120}, not {case['expect_source']:.160}")
        results.append(Result(f"feeds-feedparser {tier}", len(chosen), share(chosen, missed), goal, missed[:failed]))
    return results


# feeds-gofeed

def gofeed(folder, tools, program, failed):
    known = cases(folder)
    lines = [{"id": case["id"], "file": os.path.join(folder, case["file"])} for case in known]
    answers = parse(program, lines, "--raw", "--extensions")
    results = []
    for model, goal in (("universal", 0.98), ("format", None)):
        chosen = [case for case in known if case["model"] == model]
        missed = []
        for case in chosen:
            with open(os.path.join(folder, case["expected_file"]), encoding="utf-8") as file:
                expected = json.load(file)
            if difference := unlike(universal(answers.get(case["id"], {})), expected, ""):
                missed.append(f"{case['id']}: {difference}")
        note = "" if goal else "the universal record against the format's own"
        results.append(Result(f"feeds-gofeed {model}", len(chosen), share(chosen, missed), goal,
                              missed[:failed], note))
    return results


def unlike(answer, expected, path):
    """Where an answer lacks what is expected; empty if it has it all."""
    if isinstance(expected, dict):
        if not isinstance(answer, dict):
            return f"{path}: {answer!r:.80}, not {expected!r:.80}" if expected else ""
        for name, value in expected.items():
            if found := unlike(answer.get(name), value, f"{path}.{name}"):
                return found
        return ""
    if isinstance(expected, list):
        if not isinstance(answer, list) or len(answer) != len(expected):
            return f"{path}: {answer!r:.120}, not {expected!r:.120}" if expected or answer else ""
        for place, (one, other) in enumerate(zip(answer, expected)):
            if found := unlike(one, other, f"{path}[{place}]"):
                return found
        return ""
    return "" if answer == expected else f"{path}: {answer!r:.120}, not {expected!r:.120}"


VERSIONS = {
    "rss090": "0.9", "rss091u": "0.91", "rss091n": "0.91", "rss092": "0.92", "rss093": "0.93", "rss094": "0.94",
    "rss10": "1.0", "rss20": "2.0", "atom03": "0.3", "atom10": "1.0", "json1": "1.0", "json11": "1.1",
}


def universal(answer):
    """gofeed's universal feed, made of feedparser's names and the elements of other vocabularies."""
    version = answer.get("version", "")
    kind = "json" if version.startswith("json") else "atom" if version.startswith("atom") else "rss"
    feed = answer.get("feed", {})
    made = common(feed, kind)
    made["feedType"] = kind
    made["feedVersion"] = VERSIONS.get(version, "")
    made["description"] = feed.get("subtitle") or first(feed, "itunes", "subtitle", "summary")
    made["generator"] = generator(feed)
    made["feedLink"] = next((link["href"] for link in feed.get("links", [])
                             if link.get("rel") == "self" and link.get("href")), feed.get("feed_url"))
    made["items"] = [item(entry, kind) for entry in answer.get("entries", [])]
    if kind == "json":
        # JSON Feed has two addresses with names of their own, no list of links.
        made["links"] = [feed[name] for name in ("link", "feed_url") if feed.get(name)] or None
    if kind == "json" and made["items"]:
        for name in ("published", "publishedParsed", "updated", "updatedParsed"):
            made[name] = made["items"][0].get(name)
    return {name: value for name, value in made.items() if value not in (None, "")}


def generator(feed):
    detail = feed.get("generator_detail") or {}
    words = [feed.get("generator") or "", "v" + detail["version"] if detail.get("version") else "",
             detail.get("href") or ""]
    return " ".join(word for word in words if word)


def item(entry, kind):
    made = common(entry, kind)
    content = entry.get("content") or []
    made["content"] = content[0]["value"] if content else None
    made["description"] = description(entry)
    made["guid"] = entry.get("id")
    if kind == "json":
        made["links"] = [entry[name] for name in ("link", "source") if isinstance(entry.get(name), str)] or None
    enclosures = [{"url": link.get("href"), "length": link.get("length"), "type": link.get("type")}
                  for link in entry.get("links", []) if link.get("rel") == "enclosure"]
    made["enclosures"] = enclosures or None
    return {name: value for name, value in made.items() if value not in (None, "")}


def description(entry):
    """The summary, unless it is only a copy of the content."""
    summary = entry.get("summary")
    if entry.get("content") and "summary_detail" not in entry and entry["content"][0]["value"] == summary:
        summary = None
    return summary or first(entry, "dc", "description") or first(entry, "itunes", "summary", "subtitle")


def common(record, kind):
    """What feeds and their items have alike."""
    people = record.get("authors") or ([record["publisher_detail"]] if "publisher_detail" in record else [])
    people = [{"name": one.get("name"), "email": one.get("email"), "url": one.get("href"), "avatar": one.get("image")}
              for one in people]
    people = [{name: value for name, value in one.items() if value} for one in people]
    links = [link["href"] for link in record.get("links", [])
             if link.get("href") and link.get("rel") in ("alternate", "self")]
    date = first(record, "dc", "date")
    return {
        "title": record.get("title"), "link": record.get("link"), "links": links or None,
        "language": record.get("language"), "copyright": record.get("rights"),
        "published": record.get("published") or date,
        "publishedParsed": record.get("published_parsed") or (record.get("updated_parsed") if date else None),
        "updated": record.get("updated"), "updatedParsed": record.get("updated_parsed"),
        "authors": people or None, "author": people[0] if people else None,
        "categories": categories(record), "image": image(record, kind),
        "extensions": record.get("extensions"),
        "custom": {name: value for name, value in record.items() if isinstance(value, str)},
        "dcExt": plain(record, "dc"), "itunesExt": itunes(record),
    }


def categories(record):
    terms = []
    for tag in record.get("tags", []):
        term = tag.get("label") or tag.get("term")
        if term and term not in terms:
            terms.append(term)
    return terms or None


def image(record, kind):
    held = record.get("image") or {}
    if held.get("href"):
        return {"url": held["href"], "title": held.get("title")}
    for name in ("logo", "icon"):
        if record.get(name):
            return {"url": record[name]}
    for media in record.get("media_content", []):
        if media.get("medium") == "image" or media.get("type", "").startswith("image"):
            return {"url": media.get("url")}
    texts = [each["value"] for each in record.get("content", [])] + [record.get("summary"), record.get("subtitle")]
    for text in texts:
        if text and "<img" in text and 'src="' in text:
            return {"url": text.split('src="', 1)[1].split('"', 1)[0]}
    return None


def first(record, prefix, *names):
    for name in names:
        for element in (record.get("extensions") or {}).get(prefix, {}).get(name, []):
            if element["value"]:
                return element["value"]
    return None


def plain(record, prefix):
    held = (record.get("extensions") or {}).get(prefix)
    return {name: [each["value"] for each in elements] for name, elements in held.items()} if held else None


def itunes(record):
    held = (record.get("extensions") or {}).get("itunes")
    if not held:
        return None
    made = {name: elements[0]["value"] for name, elements in held.items() if elements[0]["value"]}
    if "image" in held:
        made["image"] = held["image"][0]["attrs"].get("href")
    made["categories"] = [category(each) for each in held.get("category", [])]
    return made


def category(element):
    inner = element["children"].get("category")
    return {"text": element["attrs"].get("text"), "subcategory": category(inner[0]) if inner else None}


# feeds-whole

def whole(folder, tools, program, failed):
    known = cases(folder)
    answers = parse(program, [{"id": case["id"], "file": os.path.join(folder, case["file"])} for case in known],
                    "--raw")
    held = total = 0
    missed = []
    for case in known:
        entries = answers.get(case["id"], {}).get("entries", [])
        oracle = case["oracle"]
        if not oracle or oracle.get("entries") is None:
            total += 1
            held += bool(entries)
            if not entries:
                missed.append(f"{case['id']}: no entries")
            continue
        total += oracle["entries"]
        if len(entries) != oracle["entries"]:
            missed.append(f"{case['id']}: {len(entries)} entries, not {oracle['entries']}")
        for entry, expected in zip(entries, oracle["items"]):
            wrong = [name for name in ("title", "link", "id")
                     if expected.get(name) is not None and (entry.get(name) or "").strip() != expected[name].strip()]
            held += not wrong
            if wrong:
                missed.append(f"{case['id']}: {wrong[0]} {entry.get(wrong[0])!r:.80}, not {expected[wrong[0]]!r:.80}")
    return [Result("feeds-whole", len(known), held / total if total else None, 1.0, missed[:failed],
                   f"{held} of {total} items")]


# sitemaps

def sitemaps(folder, tools, program, failed):
    known = cases(folder, "cases.json")
    answers = parse(program, [{"id": case["id"], "file": os.path.join(folder, case["file"])} for case in known],
                    "--raw")
    missed = []
    for case in known:
        if fault := sitemap_fault(case, answers.get(case["id"])):
            missed.append(f"{case['id']}: {fault}")
    return [Result("sitemaps", len(known), share(known, missed), 1.0, missed[:failed])]


def sitemap_fault(case, answer):
    if answer is None:
        return "no answer"
    entries = answer.get("entries", [])
    if case["kind"] == "malformed":
        return ""
    if case["kind"] in ("rss", "feed"):
        return "" if entries else "no entries"
    if case.get("locs") is not None and [entry.get("loc") for entry in entries] != case["locs"]:
        return f"{len(entries)} addresses, not the {len(case['locs'])} expected"
    expected = case.get("entries")
    if expected is None:
        return ""
    if len(entries) != len(expected):
        return f"{len(entries)} entries, not {len(expected)}"
    for entry, wanted in zip(entries, expected):
        for name, value in wanted.items():
            if entry.get(name) != value:
                return f"{name} {entry.get(name)!r:.100}, not {value!r:.100}"
    return ""
