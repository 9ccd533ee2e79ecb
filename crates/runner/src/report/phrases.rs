//! Everything a report says, in both languages side by side: a phrase that lacks one does not compile.

use clap::ValueEnum;

/// Language of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// English
    En,
    /// Simplified Chinese (简体中文)
    Zh,
}

macro_rules! phrases {
    ($($name:ident: $en:literal, $zh:literal;)*) => {
        /// What a report says. `{0}` and on stand for what is filled in.
        pub(super) struct Phrases {
            /// Language of the page, as HTML names it.
            pub(super) language: Language,
            $(pub(super) $name: &'static str,)*
        }

        const EN: Phrases = Phrases { language: Language::En, $($name: $en,)* };
        const ZH: Phrases = Phrases { language: Language::Zh, $($name: $zh,)* };

        #[cfg(test)]
        const ALL: &[(&str, &str)] = &[$(($en, $zh),)*];
    };
}

phrases! {
    headline: "{0}: {1} {2} on average", "{0}：平均{2} {1}";
    budget_of: "with a budget of {0} {1}; seeds {2}, noise seeds for each: {3}", "预算 {0} {1}；种子 {2}，每个种子的噪声数：{3}";
    against_headline: "Against {0}: {1} {2} [{3}, {4}]; better on {5} of seeds", "与 {0} 相比：{1} {2} [{3}, {4}]；在 {5} 的种子上更好";
    section_result: "Result, with odds", "结果与把握";
    section_money: "Where the money went, and when", "钱花在哪里、何时花";
    section_lines: "What each channel line brought", "各渠道带来了什么";
    section_shoppers: "Shopper assets (DEEPLINK)", "消费者资产（DEEPLINK 深链经营）";
    section_agents: "Agents beside each other", "各投放方式对比";
    section_ledger: "One season, step by step", "单次投放逐步账本";
    section_evidence: "Evidence", "证据";
    numbers: "The numbers", "数据表";
    command: "Same figures on the command line", "命令行中的同一数据";
    what: "what", "项目";
    value: "value", "数值";
    mean: "mean", "均值";
    iqm: "interquartile mean", "四分位均值";
    interval: "95 % interval", "95% 置信区间";
    from: "from", "下限";
    to: "to", "上限";
    p10: "P10", "P10";
    p50: "P50 (median)", "P50（中位数）";
    p90: "P90", "P90";
    without_spend: "without any spending", "完全不投放时";
    spend: "spend {0}", "花费（{0}）";
    budget: "budget {0}", "预算（{0}）";
    unspent: "left at the end {0}", "期末剩余（{0}）";
    roi_reported: "ROI reported (credited)", "投资回报率：报表归因";
    roi_incremental: "ROI incremental (caused)", "投资回报率：真实增量";
    roi_profit: "profit per unit of spend", "每元花费的净利润";
    break_even: "break-even ROI (1 / margin)", "盈亏平衡投资回报率（1 ÷ 毛利率）";
    keeps: "seeds that keep {0} {1}", "满足{0} {1} 的种子占比";
    hard_limits: "hard limits broken", "硬约束被突破次数";
    difference: "difference", "差异";
    uplift: "uplift", "提升";
    p_better: "P(better): share of seeds", "更优概率（种子占比）";
    p_holm: "p (Holm)", "p 值（Holm 校正）";
    agent: "agent", "投放方式";
    line: "line", "渠道";
    all_lines: "all lines", "全部渠道";
    others: "other lines", "其余渠道";
    step: "step", "步";
    steps_axis: "step (length in days: {0})", "步（每步 {0} 天）";
    phase: "phase", "阶段";
    phases: "Phases: {0}", "阶段：{0}";
    phase_steps: "{0} (steps {1} to {2})", "{0}（第 {1} 至 {2} 步）";
    seed: "seed", "种子";
    noise: "noise", "噪声";
    replay: "replay", "回放命令";
    title_result: "Result of {0}", "{0} 的结果";
    title_spend: "Spend by line over time", "各渠道花费随时间变化";
    alt_spend: "Stacked areas: mean spend of each line in every step, {0} steps and {1} lines.", "堆叠面积图：{1} 个渠道在 {0} 步中每步的平均花费。";
    spend_axis: "spend in a step, {0}", "每步花费（{0}）";
    title_pace: "Cumulative spend against an even pace", "累计花费与匀速花费";
    alt_pace: "Curves: money spent by the end of each step, beside an even pace; {0} of {1} {2} at the end.", "曲线图：各步末累计花费与匀速花费对比；期末为 {1} {2} 中的 {0}。";
    spent_axis: "spent so far, {0}", "累计花费（{0}）";
    even_pace: "even pace", "匀速花费";
    title_goal: "The goal over time", "目标随时间累计";
    alt_goal: "Curves: {0} reached by the end of each step, mean with P10 to P90; {1} at the end.", "曲线图：各步末累计{0}，均值及 P10 至 P90 区间；期末 {1}。";
    so_far_axis: "{0} so far", "累计{0}";
    title_returns: "Credited against caused return by line", "各渠道归因回报与真实增量回报";
    alt_returns: "Bars for each of {0} lines: return credited by the report, return caused by all its money, return caused by the last quarter of its money; break-even {1}.", "条形图：{0} 个渠道各自的报表归因回报、全部花费的真实增量回报、最后四分之一花费的真实增量回报；盈亏平衡线 {1}。";
    returns_axis: "value of orders for each unit of spend", "每元花费对应的成交额";
    credited: "credited by the report", "报表归因";
    caused: "caused", "真实增量";
    marginal: "caused by the last quarter of the money (marginal)", "最后四分之一花费的真实增量（边际）";
    note_returns: "Caused: the run, less the same run with less money on that line, which goes nowhere else. A return below break-even loses money on the first order.", "真实增量：与同一批消费者、同一环境下减少该渠道花费（不挪作他用）的配对结果之差。低于盈亏平衡线的花费在首单上是亏的。";
    title_response: "Response: what each line's money caused", "响应曲线：各渠道花费带来的真实增量";
    alt_response: "Curves: {0} caused by each line with none, a quarter, a half, three quarters and all of its money.", "曲线图：各渠道在投入 0、四分之一、二分之一、四分之三与全部花费时带来的{0}真实增量。";
    response_axis: "{0} caused", "{0}真实增量";
    line_spend_axis: "spend of the line, {0}", "该渠道花费（{0}）";
    title_assets: "People by stage, at the start and at the end", "期初与期末各阶段人数";
    alt_assets: "Bars for each stage: people at the start, at the end, and at the end without any spending.", "条形图：各阶段期初人数、期末人数、以及完全不投放时的期末人数。";
    people_axis: "people", "人数";
    stage: "stage", "阶段";
    opening: "at the start", "期初";
    raised_in: "moved up in", "升入";
    raised_out: "moved up out", "升出";
    lapsed_in: "lapsed in", "流失降入";
    lapsed_out: "lapsed out", "流失降出";
    closing: "at the end", "期末";
    closing_without: "at the end without spending", "不投放时的期末";
    worth: "worth of a person, {0}", "人均价值（{0}）";
    without_unreached: "The unreached are left out of the chart, not of the table.", "图中略去未触达人群，数据表中保留。";
    title_flow: "Flow: people by stage at the start (row) and at the end (column)", "流转：期初阶段（行）到期末阶段（列）的人数";
    title_agents: "What each agent reaches", "各投放方式达成的目标";
    alt_agents: "Dots with whiskers: interquartile mean of {0} with its 95 % interval, for {1} agents.", "点与置信区间图：{1} 种投放方式的{0}四分位均值及 95% 置信区间。";
    title_differences: "Difference against {0}, same shoppers, same noise", "与 {0} 的差异（同一批消费者、同样的噪声）";
    alt_differences: "Dots with whiskers: mean difference of {0} against {1} with its 95 % interval.", "点与置信区间图：与 {1} 相比{0}的平均差异及 95% 置信区间。";
    difference_axis: "difference of {0}", "{0}差异";
    title_odds: "Odds: share of seeds that reach at least so much", "把握：达到至少该数值的种子占比";
    alt_odds: "Falling curves: share of {0} episodes in which each agent reaches at least the value below.", "下降曲线：{0} 次模拟中各投放方式至少达到横轴数值的占比。";
    share_axis: "share of seeds", "种子占比";
    title_worst: "The worst seeds of {0}", "{0} 表现最差的种子";
    failed: "failed", "失败";
    title_ledger: "{0} on seed {1}, noise {2}: the one nearest to its median", "{0} 在种子 {1}、噪声 {2} 上的账本（最接近中位数）";
    note_ledger: "A line's column is the money granted to it, {0}. Reported: credited by last click, and late.", "各渠道列为实际批准的金额（{0}）。“报表”为末次点击归因，且有延迟。";
    scenario: "scenario", "场景";
    scenario_hash: "hash of the scenario (SHA-256)", "场景哈希（SHA-256）";
    identity: "agent, and what decides for it", "投放方式及其决策者";
    unnamed_identity: "a program of its own: not covered by a hash", "外部程序：无哈希";
    version: "version of outlay", "outlay 版本";
    seeds: "seeds (the end is not included)", "种子（不含末尾）";
    noises: "noise seeds for each world", "每个世界的噪声种子数";
    agent_seed: "seed of the agents' own randomness", "投放方式自身的随机种子";
    made_by: "this page", "本页";
    simulated: "All of this happened in a simulated market of {0}, not with real money. The same command gives the same bytes.", "以上全部发生在{0}的模拟市场中，未花真实的钱。同一命令得到逐字节相同的文件。";
    few: "With fewer than ten seeds an interval says little.", "种子少于十个时，置信区间参考价值有限。";
}

/// Words that results bring with them, with their Chinese: units, stages, limits, columns of the ledger.
const TERMS: &[(&str, &str)] = &[
    ("new customers", "新客"),
    ("repeat orders", "复购订单"),
    ("customers won back", "召回老客"),
    ("qualified leads", "有效线索"),
    ("value of shopper assets", "消费者资产价值"),
    ("days to the orders (negated)", "达成订单目标的天数（取负）"),
    ("worth of the product chosen", "所选商品的价值"),
    ("weighted goals", "加权目标"),
    ("revenue", "成交额"),
    ("orders", "订单"),
    ("profit", "利润"),
    ("members", "会员"),
    ("response", "响应"),
    ("unreached", "未触达"),
    ("discover", "发现"),
    ("engage", "种草"),
    ("enthuse", "互动"),
    ("perform", "行动"),
    ("initial", "首购"),
    ("numerous", "复购"),
    ("keen", "至爱"),
    ("return_floor", "投资回报率下限"),
    ("cost_cap", "单位成本上限"),
    ("step", "步"),
    ("phase", "阶段"),
    ("spent", "花费"),
    ("reported new", "报表新客"),
    ("reported value", "报表成交额"),
    ("order value", "成交额"),
    ("arrived", "到账"),
    ("left", "剩余"),
    ("bound", "生效约束"),
    ("budget", "预算"),
    ("eligibility", "可投资格"),
    ("hold", "预留"),
    ("group", "组限额"),
    ("step-cap", "每步上限"),
    ("line-cap", "渠道上限"),
    ("pin", "固定额"),
    ("floor", "下限"),
    ("largest-change", "最大变动"),
];

impl Phrases {
    /// Those of a language.
    pub(super) fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &EN,
            Language::Zh => &ZH,
        }
    }

    /// The language as HTML names it.
    pub(super) fn tag(&self) -> &'static str {
        match self.language {
            Language::En => "en",
            Language::Zh => "zh-Hans",
        }
    }

    /// A word that results bring with them; a name from a file is left as it is.
    pub(super) fn term(&self, word: &str) -> String {
        let known = TERMS.iter().find(|(english, _)| *english == word);
        match (self.language, known) {
            (Language::Zh, Some((_, chinese))) => (*chinese).to_owned(),
            (Language::Zh, None) => word.to_owned(),
            (Language::En, _) => word.replace('_', " "),
        }
    }
}

/// Puts values in the place of `{0}`, `{1}` and so on; what a value holds is not looked at again.
pub(super) fn fill(phrase: &str, values: &[&str]) -> String {
    let mut parts = phrase.split('{');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('}') {
            Some((place, rest)) => {
                text += place.parse::<usize>().ok().and_then(|place| values.get(place)).unwrap_or(&"");
                text += rest;
            }
            None => text += part,
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use outlay_environment::{Goal, LimitKind, Stage};

    use super::*;

    fn places(phrase: &str) -> BTreeSet<&str> {
        phrase.split('{').skip(1).filter_map(|part| part.split('}').next()).collect()
    }

    #[test]
    fn both_languages_fill_in_the_same_values() {
        for (english, chinese) in ALL {
            assert_eq!(places(english), places(chinese), "{english}");
        }
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        assert_eq!(fill("{1} of {0}", &["{1}", "b"]), "b of {1}");
        assert_eq!(fill("plain", &[]), "plain");
    }

    #[test]
    fn every_word_of_results_has_its_chinese() {
        let goals = Goal::NAMED.map(|(_, goal)| goal.unit());
        let stages = Stage::ALL.map(Stage::name);
        let limits = [
            LimitKind::Budget,
            LimitKind::Eligibility,
            LimitKind::Hold,
            LimitKind::Group,
            LimitKind::StepCap,
            LimitKind::LineCap,
            LimitKind::Pin,
            LimitKind::Floor,
            LimitKind::LargestChange,
        ]
        .map(LimitKind::name);
        let zh = Phrases::of(Language::Zh);
        for word in goals.iter().chain(&stages).chain(&limits) {
            assert_ne!(zh.term(word), *word);
        }
        assert_eq!(zh.term("my own line"), "my own line");
    }
}
