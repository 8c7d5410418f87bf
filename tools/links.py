"""Ask every page of other people that the built site links to whether it is still there.

`make links`, weekly: in no test, since their servers are not ours. The site's own links are tested.
"""

import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urldefrag

import requests
from bs4 import BeautifulSoup

SITE = Path(__file__).resolve().parent.parent / "_build" / "html"
# Made anew for every commit, or needs an account.
OURS = ("https://colab.research.google.com/github/",)
OURS_ON_GITHUB = ("/issues/new", "/edit/", "/blob/", "/commit/")
# The page is there; the server does not talk to programs, or not so often.
HEADERS = {"User-Agent": "Mozilla/5.0 (a link check, once a week)"}
SHY = {401, 403, 405, 418, 429, 999}


def outward(site):
    """Return {address: pages that link to it} for the links that leave the site."""
    found = defaultdict(set)
    for page in sorted(site.rglob("*.html")):
        for link in BeautifulSoup(page.read_text(), "html.parser").find_all("a", href=True):
            url = urldefrag(link["href"])[0]
            ours = url.startswith(OURS) or any(part in url for part in OURS_ON_GITHUB)
            if url.startswith("http") and not ours:
                found[url].add(page.relative_to(site).as_posix())
    return dict(found)


def fault(url, timeout=30):
    """Return what is wrong with an address, or ""; asks twice before it complains."""
    said = ""
    for _ in range(2):
        try:
            with requests.get(
                url, timeout=timeout, stream=True, headers={"User-Agent": "book"}
            ) as r:
                if r.ok or r.status_code in SHY:
                    return ""
                said = f"{r.status_code} {r.reason}"
        except requests.RequestException as error:
            said = type(error).__name__
    return said


def main():
    links = outward(SITE)
    with ThreadPoolExecutor(8) as pool:
        faults = dict(zip(links, pool.map(fault, links), strict=True))
    for url, said in faults.items():
        if said:
            print(f"{url}: {said} (on {', '.join(sorted(links[url]))})")
    print(f"{len(links)} addresses, {sum(map(bool, faults.values()))} of them broken")
    return any(faults.values())


if __name__ == "__main__":
    sys.exit(main())
