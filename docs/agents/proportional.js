// An agent in another process: an even pace of money, split by the new customers each line was credited with.
//
// outlay compare --agents even,buyer-rule --agent 'mine=exec:node docs/agents/proportional.js'

const lines = require("readline").createInterface({ input: process.stdin });
let brief = null;
let credited = [];

lines.on("line", (line) => {
  const seen = JSON.parse(line);
  if (brief === null) {
    brief = seen;
    credited = brief.lines.map(() => 100); // the same for each at first, so that every line is tried
    return;
  }
  seen.lines.forEach((report, place) => (credited[place] += report.new_customers));
  const left = seen.budget_left / 100; // fen are reported, yuan are answered
  const today = left / (brief.steps - seen.step);
  const total = credited.reduce((sum, share) => sum + share, 0);
  console.log(JSON.stringify({ money: credited.map((share) => (today * share) / total) }));
});
