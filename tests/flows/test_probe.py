import time


def test_probe(work):
    t = time.perf_counter()
    folder = work.enabled()
    print("enabled", time.perf_counter() - t)
    t = time.perf_counter()
    print(work("rollback", "--yes").answer)
    print("rollback", time.perf_counter() - t)
    t = time.perf_counter()
    print(work("canary", "status").answer)
    print("status", time.perf_counter() - t)
    work.wire.down()
    r = work("rollback", "--yes")
    print(r)
    print(work("canary", "status").answer)


def test_probe2(work):
    work.enabled()
    work("rollback", "--yes")
    work("decide", "proceed", "--by", "x", "--reason", "y")
    print(work("canary", "status").answer)
