from __future__ import annotations
from pathlib import Path
from studio import Studio

def test_smoke(studio: Studio, out: Path) -> None:
    import time
    for _ in range(2):
        t=time.time()
        r = studio.produce(out)
        print(r.code, r.stdout, r.stderr, time.time()-t)
        assert r.code == 0
        import json; d=json.load(open(out/'report.json')); print(list(d), d['source'] if 'source' in d else ''); print(json.dumps(d)[:3000])
