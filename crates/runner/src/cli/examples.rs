//! Examples below the help of each command.

pub(super) const TRAIN_EXAMPLES: &str = "\
Examples:
  outlay train
  outlay train new-customer --seed 2 --steps 500k --out runs/second
  outlay train --resume runs/second
  outlay train my-shop.toml --from checkpoints/new-customer
  outlay train new-customer member launch --out runs/three

Ctrl-C finishes the update, saves, and prints the command that goes on. A second Ctrl-C stops at
once.";

pub(super) const EVALUATE_EXAMPLES: &str = "\
Examples:
  outlay evaluate mpc
  outlay evaluate runs/new-customer-seed1 new-customer --seeds 0..128 --noise 2
  outlay evaluate buyer-rule --seeds 17..18 --truth
  outlay evaluate buyer-rule --replay 17
  outlay evaluate buyer-rule --report deeplink --seeds 0..16
  outlay evaluate buyer-rule new-customer@super-star
  outlay evaluate buyer-rule --merchants rising-star,aspiring-star,talent-star,super-star
  outlay evaluate even --shoppers 810e6 --budget x63.28 --steps 1 --seeds 0..1
  outlay evaluate mpc --csv > mpc.csv";

pub(super) const COMPARE_EXAMPLES: &str = "\
Examples:
  outlay compare --agents even,buyer-rule,mpc,runs/new-customer-seed1 --against buyer-rule
  outlay compare --agents even,mpc --headroom --seeds 0..128
  outlay compare --agents even --agent 'mine=exec:python my.py a,b' --require 'mine > even'

An agent behind `exec:` reads a brief and then one observation for each step, as JSON lines on
standard input. It answers each observation with {\"money\": [..]}, one amount in major units for
each line of the scenario. Its seed is in OUTLAY_SEED. docs/agents.md has the protocol.

Episodes are kept and not played twice; those of exec: agents, and timed ones, are played anew.";

pub(super) const LEVERS_EXAMPLES: &str = "\
Examples:
  outlay levers clairvoyant break-out-of-circle --seeds 0..16
  outlay levers mpc break-out-of-circle

The agent plays the same worlds with nothing but the budget to decide, then with one lever of the
scenario more each time. Lines that differ in a closed lever alone share their money in fixed parts.";

pub(super) const WHAT_IF_EXAMPLES: &str = "\
Examples:
  outlay what-if mpc --budget +10000 --budget -10000 --budget x1.5
  outlay what-if mpc --drop search --price notes=x1.2 --pin display=2000
  outlay what-if mpc --set limits.return_floor=2.5 --set line.search.cap=4000 --together
  outlay what-if mpc --set calendar.phase.peak.demand=1.8 --set merchant.margin=0.5
  outlay what-if mpc --next 10000
  outlay what-if buyer-rule --next 10000 --move search=notes
  outlay what-if mpc steady-profit --limits
  outlay what-if checkpoints/new-customer --curve
  outlay what-if mpc --stress --seeds 0..16

Each change is an alternative, played by the same agent on the same shoppers, rivals and noise as the
scenario as it is, and judged by the goal of that. A key is written as in a file, its parts split by
dots; what has a name is found by it. docs/what-if.md explains the tables.";

pub(super) const BRANCH_EXAMPLES: &str = "\
Examples:
  outlay branch buyer-rule --at 9 --with mpc
  outlay branch mpc --seed 17 --at 12 --budget +50000 --seeds 0..64
  outlay branch mpc --at 15 --pin search=2000
  outlay branch mpc --at 15 --goal profit
  outlay branch mpc --at 15 --stop notes

Both futures meet the same shoppers, rivals and noise; up to the step they are one. The one that goes
on is the episode as it would have been without the question.";

pub(super) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  outlay explain mpc --seed 5
  outlay explain mpc --seed 5 --step 12
  outlay explain checkpoints/new-customer --seed 5 --from-line display --to-line notes
  outlay explain buyer-rule member --seed 3 --repeat 64

Of two steps in a row a line that got less gave money, and a line that got more took it. The move is
undone on the same shoppers and rivals; what is missing then is what it brought.";

pub(super) const RUN_OFF_EXAMPLES: &str = "\
Examples:
  outlay run-off mpc
  outlay run-off even seeding --days 21
  outlay run-off mpc --at 12 --seeds 0..16

Three futures of each seed meet the same shoppers: the agent goes on, it stops, it never spent. What
the second brings beyond the third is owed to the money before the stop.";

pub(super) const HEADS_EXAMPLES: &str = "\
Examples:
  outlay heads train new-customer steady-profit --out runs/heads
  outlay heads evaluate runs/heads new-customer
  outlay heads evaluate runs/heads new-customer --agents mpc --seeds 1000..1004

Heads say for each line and step how likely an impression is to become a click, an engagement, a
cart, a join, a first order, a repeat order. docs/heads.md says how they learn and how good they are.";

pub(super) const SUITE_EXAMPLES: &str = "\
Examples:
  outlay suite tests/suites/readme.toml
  outlay suite tests/suites/readme.toml --markdown > tables.md
  outlay suite tests/suites/scenarios.toml --board mpc --against even

A file holds [[comparison]] tables with `title`, `question`, `scenario` and `agents`, and if wanted
`against`, `seeds`, `noise`, `by_line` and `reading`. Paths in it are those of the command line.
Nothing in it is executed: an exec: agent must be named on the command line, with `compare`.";

pub(super) const TRAPS_EXAMPLES: &str = "\
Examples:
  outlay traps
  outlay traps --agents even,mpc,runs/new-customer-seed1 --seeds 0..8
  outlay traps my-traps.toml

A file holds [[trap]] tables with `name`, `why`, `scenario`, `lines`, `measure` (share, sold-out or
edits), `most`, the limit above which an agent has fallen, and with `share` what the lines `looks`
good by: exposures, clicks, orders, revenue, joins or leads. A line that does not look better than
the others under an even split, or does not cause less, is no trap.";

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  outlay check my-shop.toml";

pub(super) const SCHEMA_EXAMPLES: &str = "\
Examples:
  outlay schema > outlay-scenario.json
  outlay schema channel > outlay-channel.json

With the first line `#:schema ./outlay-scenario.json` in a scenario file, editors that know TOML by
Taplo complete its keys and underline what is wrong.";

pub(super) const RECOMMEND_EXAMPLES: &str = "\
Examples:
  outlay recommend mpc
  outlay recommend checkpoints/new-customer --history season.csv
  outlay recommend checkpoints/generalist --scenario my-shop.toml --history season.csv --csv
  outlay recommend checkpoints/new-customer --history season.csv --beside my-plan.csv
  outlay recommend checkpoints/new-customer --history season.csv --shadow --seed 5
  outlay recommend checkpoints/new-customer --history season.csv --at 12 --evidence june-12.json
  outlay recommend --reproduce june-12.json

A log to try it with is that of a simulated season:
  outlay evaluate buyer-rule --replay 5 --csv > season.csv
  outlay recommend checkpoints/new-customer --history season.csv --at 12";

pub(super) const PLAN_EXAMPLES: &str = "\
Examples:
  outlay plan checkpoints/new-customer
  outlay plan checkpoints/generalist my-shop.toml --seeds 0..128
  outlay plan mpc launch --csv > plan.csv";

pub(super) const CALIBRATE_EXAMPLES: &str = "\
Examples:
  outlay calibrate history.csv
  outlay calibrate history.csv --out my-curves.toml --margin 0.4 --budget 500000 --steps 13
  outlay compare my-curves.toml --agents even,mpc,static-hindsight
  outlay calibrate history.csv --outcome sales --spend tv,search --controls promo,price

The table has a row for each day or week with the spend of each channel in its own column, or a row
for each day and channel; an outcome (revenue or orders); and, if there are any, controls: events,
prices, rivals. What each column was taken for is said first. docs/calibrate.md has the method.";

pub(super) const INIT_EXAMPLES: &str = "\
Examples:
  outlay init my-shop.toml
  outlay init my-shop.toml --goal profit --budget 200000 --days 28 --channels search,display,notes \\
      --margin 0.4
  outlay init my-shop.toml --base member --budget 80000 --yes

On a terminal it asks for what is not given. `--base` names the shipped scenario that the file starts
from (`outlay scenarios` lists them); `outlay check` shows what the file comes to.";
pub(super) const REPORT_EXAMPLES: &str = "\
Examples:
  outlay report
  outlay report new-customer --agents checkpoints/new-customer,buyer-rule,mpc --out june.html
  outlay report my-shop.toml --agents mpc,even --against even --seeds 0..128 --lang zh

The page is one file that loads nothing: it opens offline, on a phone, in the dark, and from a
mail. Under every chart are its numbers, and where another command gives the same ones, that
command. The same command writes the same bytes. docs/report.md says what each figure means.";
