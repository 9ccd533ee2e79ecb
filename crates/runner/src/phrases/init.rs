//! What the dialogue of `init` says.

use super::phrases;

phrases! {
    goal: "What to aim at: {0}", "目标：{0}";
    budget: "Money for all days, in {0}", "全部天数的预算（{0}）";
    days: "Number of days, or the first and the last as 2026-05-20 2026-06-20; nothing for the same season", "天数，或第一天与最后一天，如 2026-05-20 2026-06-20；直接回车则用同一时段";
    channels: "Channels, split at commas; there are {0} besides", "投放渠道，以逗号分隔；另有 {0}";
    margin: "Share of an order's value that is left after the cost of goods", "订单金额中扣除货物成本后所剩的比例";
    prompt: "{0} [{1}]: ", "{0} [{1}]：";
    no_goal: "`{0}` is no goal for a new file; {1}there are {2}", "`{0}` 不能作为新文件的目标；{1}可选 {2}";
    no_channel: "there is no channel `{0}`; {1}there are {2}", "没有渠道 `{0}`；{1}可选 {2}";
    did_you_mean: "did you mean `{0}`? ", "是不是 `{0}`？";
    no_money: "`{0}` is not an amount such as 300000, 300k or 30万", "`{0}` 不是金额；请写成 300000、300k 或 30万";
    no_share: "`{0}` is not a share above 0 and up to 1 such as 0.4 or 40%", "`{0}` 不是大于 0、不超过 1 的比例；请写成 0.4 或 40%";
    no_days: "`{0}` is not a number of days from 1 to 730, nor the first and the last day such as 2026-05-20 2026-06-20", "`{0}` 不是 1 至 730 的天数，也不是第一天与最后一天（如 2026-05-20 2026-06-20）";
    no_date: "`{0}` is no date such as 2026-05-20", "`{0}` 不是日期；请写成 2026-05-20";
    span: "from {0} to {1} are {2} days; from 1 to 730 can be played", "{0} 至 {1} 为 {2} 天；只能是 1 至 730 天";
    written: "{0} is written; try\n", "已写入 {0}；可以试试\n";
}
