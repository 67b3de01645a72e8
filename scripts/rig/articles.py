"""Synthetic articles: what a client puts in its n-th batch follows from seed, client and n alone, so a quiet run can put the same."""
import json
import random

WORDS = """harbour ferry bridge council market winter storm library vote tunnel glacier orchard railway museum island budget
pilot grain lantern quarry festival tide verdict clinic strike signal archive meadow contract river tower engine forest
census ballot mayor cargo lighthouse warden novel orchestra referee pasture mineral compass reef village gallery turbine
minister inspector dairy glassworks canal observatory fishery timber pension survey drought levy parish ropeway""".split()
PAPERS = ["harrow", "courier", "ledger", "beacon", "tribune"]
ARTICLES_A_BATCH = 4


def url(seed, client, number, index):
    return f"https://{PAPERS[(client + index) % len(PAPERS)]}.example/{seed}/{client}/{number}/{index}"


def article(dice, where, updated=None):
    words = [dice.choice(WORDS) for _ in range(dice.randint(25, 160))]
    value = {
        "url": where, "headline": " ".join(words[:6]).capitalize(), "body": " ".join(words[6:]) + ".",
        "source": where.split("/")[2].split(".")[0].capitalize(),
        "published": f"20{dice.randint(10, 24)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}T{dice.randint(0, 23):02}:00:00Z",
    }
    if updated:
        value["updated"] = updated
    return value


class Batch:
    """The n-th batch of a client: new articles, now and then a later version of an old one, a retraction, a line that is none.

    `live` and `retracted` hold URLs, one for each article and retraction; `lines` counts what the ledger counts.
    """

    def __init__(self, seed, client, number):
        dice = random.Random(f"{seed}/{client}/{number}")
        self.live, self.retracted, self.rejected = [], [], 0
        values = []
        for index in range(ARTICLES_A_BATCH):
            where = url(seed, client, number, index)
            values.append(article(dice, where))
            self.live.append(where)
        if number > 20 and dice.random() < 0.2:
            where = url(seed, client, number - dice.randint(1, 20), dice.randrange(ARTICLES_A_BATCH))
            values.append(article(dice, where, f"2025-01-01T00:00:{dice.randint(0, 59):02}Z"))
            self.live.append(where)
        self.articles = len(values)
        if dice.random() < 0.03:
            values.append({"url": url(seed, client, number, 99)})
            self.rejected = 1
        self.lines = len(values)
        if number > 20 and dice.random() < 0.04:
            where = url(seed, client, number - dice.randint(1, 20), dice.randrange(ARTICLES_A_BATCH))
            values.append({"$retract": {"url": where, "reason": "for the test"}})
            self.retracted.append(where)
        dice.shuffle(values)
        self.payload = "\n".join(json.dumps(value) for value in values).encode()


def live_urls(seed, batches):
    """What must be live when all these (client, number) are in."""
    live, retracted = set(), set()
    for client, number in batches:
        batch = Batch(seed, client, number)
        live.update(batch.live)
        retracted.update(batch.retracted)
    return live - retracted


def file_lines(seed, client, count):
    """For `coranto ingest`: no retractions, for those are no articles."""
    dice = random.Random(f"{seed}/{client}")
    return [json.dumps(article(dice, url(seed, client, 0, index))) for index in range(count)]
