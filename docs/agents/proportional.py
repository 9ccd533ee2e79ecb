"""An agent in another process: an even pace of money, split by the new customers each line was credited with.

outlay compare --agents even,buyer-rule --agent 'mine=exec:python3 docs/agents/proportional.py'
"""

import json
import sys

brief = json.loads(sys.stdin.readline())
credited = [100.0] * len(brief["lines"])  # the same for each at first, so that every line is tried

for line in sys.stdin:
    seen = json.loads(line)
    for place, report in enumerate(seen["lines"]):
        credited[place] += report["new_customers"]
    left = seen["budget_left"] / 100  # fen are reported, yuan are answered
    today = left / (brief["steps"] - seen["step"])
    money = [today * share / sum(credited) for share in credited]
    print(json.dumps({"money": money}), flush=True)  # without the flush nobody hears the answer
