//! The help of the planner's commands in Chinese. English help stands beside each argument in `cli`; here it is replaced, by
//! command and argument, and a test holds that nothing is left out.

use clap::{Arg, Command};

use super::fill;

/// What commands do. All are in the list of `outlay --help`.
const COMMANDS: &[(&str, &str)] = &[
    ("train", "在场景上训练策略并保存"),
    ("evaluate", "在固定种子上评估一种投放方式"),
    ("compare", "在相同的固定种子上比较多种投放方式"),
    ("plan", "给出整个投放周期的计划：逐步、逐渠道，并附概率区间"),
    ("recommend", "根据迄今的投放日志，说明今天怎么花、为什么"),
    ("report", "写出一页可交付的报告：结果与概率、图表、账本、依据"),
    ("levers", "衡量每个杠杆的价值：出价、人群、创意"),
    ("what-if", "询问换一个预算、价格、限制或日历会有什么不同"),
    ("branch", "走到某一步，再分出两种未来：照旧，或有所改变"),
    ("explain", "说明两步之间钱为什么从一个渠道移到另一个，以及结果如何"),
    ("run-off", "停止投放，看还有什么会到来"),
    ("heads", "预测一次曝光的去向：训练预测头并评估"),
    ("suite", "运行文件中的全部比较"),
    ("traps", "显示哪些投放方式会落入哪些陷阱"),
    ("calibrate", "从花费历史中找出响应曲线，并写成场景"),
    ("init", "写一份自己的场景文件"),
    ("scenarios", "列出自带的场景"),
    ("check", "检查场景文件并列出全部问题"),
    ("schema", "为编辑器写出某类文件的 JSON Schema"),
    ("agents", "列出可用的投放方式"),
];

/// What the planner's commands say below their arguments, behind the English examples' commands.
const REMARKS: &[(&str, &str)] = &[
    (
        "init",
        "在终端上会逐项询问未给出的内容。`--base` 指定所依据的自带场景\n（`outlay scenarios` 可列出）；`outlay check` 显示文件的内容。",
    ),
    (
        "calibrate",
        "表格每天或每周一行，各渠道的花费各占一列；或每个日期与渠道一行；另有结果列（成交额或订单），\n如有还可包含控制变量：活动、价格、竞品。首先会说明各列被视为什么。方法见 docs/calibrate.md。",
    ),
    ("plan", ""),
    ("recommend", "可用模拟投放周期的日志来试用：见最后两条命令。"),
    (
        "what-if",
        "每项改动都是一个备选，由同一投放方式面对与原场景相同的消费者、竞争对手与噪声来执行，并按原场景的\n目标评判。键的写法与文件中相同，各部分以点分隔；有名称的以名称查找。表格说明见 docs/what-if.md。",
    ),
    (
        "branch",
        "两种未来面对相同的消费者、竞争对手与噪声；在该步之前两者相同。照旧的那个就是不作改变时的过程。",
    ),
    (
        "run-off",
        "每个种子的三种未来面对相同的消费者：照旧投放、停投、从未投放。第二种比第三种多出的部分来自停投之前的花费。",
    ),
    (
        "explain",
        "相邻两步中，变少的渠道给出钱，变多的渠道得到钱。在相同的消费者与竞争对手下撤回这笔移动，\n因此缺少的就是它带来的。",
    ),
    (
        "report",
        "报告是单个文件，不加载任何外部内容：可离线打开，适合手机、深色模式与邮件。每张图下方都有数字，\n若有其他命令能得出同样的数字则注明该命令。同一命令写出相同的字节。各数字的含义见 docs/report.md。",
    ),
    ("evaluate", ""),
    (
        "compare",
        "`exec:` 之后的投放方式从标准输入读取简报，之后每步读取一条观察，均为 JSON 行；对每条观察回答\n{\"money\": [..]}，为场景的每个渠道给出以主货币单位计的金额。其种子在 OUTLAY_SEED 中。\n协议见 docs/agents.md。\n\n已跑过的场次会保存，不再重跑；exec: 的投放方式与计时的场次总是重跑。",
    ),
];

/// Arguments that mean the same in every planner's command.
const SHARED: &[(&str, &str)] = &[
    ("json", "把一份 JSON 文档写到标准输出（train 为 JSON 行）"),
    ("quiet", "只写结果与错误"),
    ("threads", "线程数 [默认：每个核心一个]；结果与之无关"),
    ("timing", "在结果中加入计时；每次运行都不同"),
    ("lang", "页面、表格与帮助的语言"),
    ("color", "何时使用颜色"),
    ("help", "显示帮助"),
    ("version", "显示版本"),
    ("agent", "`outlay agents` 中的名称、检查点文件夹，或 exec:命令；NAME=AGENT 另取名称"),
    ("scenario", "自带场景或路径；SCENARIO@MERCHANT 换成另一商家"),
    ("seeds", "种子范围，不含末端"),
    ("noise", "每个世界的噪声种子数"),
    ("agent_seed", "投放方式自身随机性的种子"),
    ("time_limit", "exec: 投放方式每次回答的秒数上限"),
    ("budget", "改用别的预算：350000、350k、+10000、-10000 或 x1.2"),
    ("set", "改用场景文件中的别的数字，如 limits.return_floor=2.5；可重复"),
    ("markdown", "写出 GitHub 表格"),
    ("results", "已跑场次的文件夹 [默认：用户数据目录下的 outlay/results，或 OUTLAY_RESULTS]"),
    ("no_reuse", "全部重跑，也不保存"),
    ("replay", "改为逐步显示一个种子：SEED 或 SEED:NOISE"),
];

/// Arguments of one command.
const OWN: &[(&str, &str, &str)] = &[
    ("init", "file", "要写的文件"),
    ("init", "force", "覆盖已有文件"),
    ("init", "base", "所依据的自带场景"),
    ("init", "goal", "目标，如 new-customers（新客）、revenue（成交额）、orders（订单）、profit（利润）"),
    ("init", "budget", "全部天数的预算，主货币单位"),
    ("init", "days", "天数"),
    ("init", "start", "第一天，如 2026-05-20"),
    ("init", "end", "最后一天，如 2026-06-20"),
    ("init", "channels", "投放的渠道，以逗号分隔（文件在 environments/channels）"),
    ("init", "margin", "订单金额中扣除货物成本后所剩的比例"),
    ("init", "yes", "未给出的一律取所依据场景的数字，不再询问"),
    ("calibrate", "history", "CSV 表格：每天或每周一行，或每个日期与渠道一行"),
    ("calibrate", "out", "把曲线写成场景文件"),
    ("calibrate", "force", "覆盖该文件"),
    ("calibrate", "date", "日期列 [默认：内容为日期的列]"),
    ("calibrate", "dates", "03/04/2026 这类日期的顺序"),
    ("calibrate", "channel", "渠道列：同一日期每个渠道一行时使用"),
    ("calibrate", "outcome", "结果列 [默认：按列名]"),
    ("calibrate", "spend", "花费列，以逗号分隔 [默认：按列名]"),
    ("calibrate", "controls", "控制变量列，以逗号分隔 [默认：按列名]"),
    ("calibrate", "ignore", "不使用的列，以逗号分隔"),
    ("calibrate", "goal", "表中两者都有时取哪个结果 [默认：revenue]"),
    ("calibrate", "margin", "结果中扣除货物成本后所剩的比例；据此说明哪些投放盈利"),
    ("calibrate", "holdout", "用其余部分预测历史的最后一段作为检验；0 则不检验"),
    ("calibrate", "draws", "场景中后验抽样的次数"),
    ("calibrate", "seed", "拟合的种子"),
    ("calibrate", "budget", "场景的预算，主货币单位 [默认：最近同样步数的花费]"),
    ("calibrate", "steps", "场景的步数，步长同表格 [默认：13 周或 28 天]"),
    ("calibrate", "currency", "货币代码 [默认：按表格]"),
    ("plan", "csv", "每步每渠道写一行 CSV；金额以主货币单位计"),
    ("recommend", "agent", "`outlay agents` 中的名称、检查点文件夹，或 exec:命令"),
    ("recommend", "scenario", "所处的投放周期：自带场景或路径"),
    ("recommend", "history", "迄今的日志，每步每渠道一行；不给则建议第一步"),
    ("recommend", "at", "建议这一步，而不是日志最后一步的下一步"),
    ("recommend", "beside", "与自己的计划对照：列为 `line` 与 `money`"),
    ("recommend", "shadow", "影子模式：对日志的每一步，列出投放方式当时会请求的金额"),
    ("recommend", "seed", "影子模式：日志来自该模拟投放周期（`--replay SEED --csv`）；说明差异会带来什么"),
    ("recommend", "seeds", "求概率区间所用世界的种子范围，不含末端"),
    ("recommend", "no_odds", "不求概率区间"),
    ("recommend", "evidence", "把得出建议的全部依据写入该文件"),
    ("recommend", "reproduce", "按这样的依据文件重新得出：字节相同，否则说明差异"),
    ("recommend", "csv", "每个渠道写一行 CSV；金额以主货币单位计"),
    ("what-if", "next", "下一笔 MONEY 投到哪里，减少时先从哪里减"),
    ("what-if", "moves", "另外，把 MONEY 从一个渠道移到另一个会带来什么；可重复"),
    ("what-if", "limits", "场景的每项限制代价多少：逐一取消"),
    ("what-if", "curve", "结果随预算的变化，从四分之一到两倍"),
    ("what-if", "stress", "投放周期晚一周或早一周、高峰变弱、竞争出价上涨"),
    ("what-if", "budget", "别的预算：350000、+10000、-10000 或 x1.2；可重复，以下四项亦然"),
    ("what-if", "set", "场景文件的键与值，如 limits.return_floor=2.5 或 line.search.cap=4000"),
    ("what-if", "price", "渠道以别的价格购买，如 search=x1.2"),
    ("what-if", "drop", "去掉一个渠道"),
    ("what-if", "pin", "渠道每一步的固定金额"),
    ("what-if", "together", "把全部改动合为一个备选，而不是各成一个"),
    ("branch", "seed", "逐步显示的种子"),
    ("branch", "at", "可以不同的第一步，从 0 起"),
    ("branch", "with", "由另一种投放方式接手；它已看到此前的一切"),
    ("branch", "pin", "渠道每步恰得此数，以限制允许为准"),
    ("branch", "goal", "投放方式改追另一目标；差异仍以场景自身的目标计"),
    ("branch", "budget", "预算改为：350000、+10000、-10000 或 x1.2"),
    ("branch", "stop", "停投一个渠道，或 `all` 全部停投；投放方式可把钱移往别处"),
    ("branch", "seeds", "另在这些种子上衡量差异，不含末端"),
    ("branch", "noise", "`--seeds` 每个世界的噪声种子数"),
    ("explain", "seed", "投放周期的种子"),
    ("explain", "noise", "其噪声种子"),
    ("explain", "step", "要说明的一步，与前一步相比 [默认：移动最大的一步]"),
    ("explain", "from_line", "钱离开的渠道 [默认：移动最大的]"),
    ("explain", "to_line", "钱去往的渠道 [默认：移动最大的]"),
    ("explain", "repeat", "在同一世界中撤回该移动的随机重演次数"),
    ("run-off", "days", "投放周期末尾不投放的天数"),
    ("run-off", "at", "改为给出不投放的第一步"),
    ("report", "agents", "投放方式，以逗号分隔；报告第一个，其余作对照 [默认：mpc,buyer-rule,even]"),
    ("report", "agent", "一种投放方式，不按逗号拆分；NAME=AGENT 另取名称；可重复"),
    ("report", "against", "第一个与之相比的投放方式 [默认：第二个]"),
    ("report", "out", "报告文件，HTML；已有的会被替换"),
    (
        "evaluate",
        "shoppers",
        "模拟消费者数，如 50k、8.1M 或 810e6；多于场景人数时，人数随之增加。预算与限制不变：见 --budget x2025",
    ),
    ("evaluate", "steps", "只跑投放周期的前 N 步，但可用全部预算"),
    ("evaluate", "truth", "衡量每个渠道带来了什么：每个渠道多跑一次"),
    ("evaluate", "merchants", "为这些商家各列一行，而不是场景自身的商家（文件在 environments/merchants）"),
    ("evaluate", "report", "改写该报告；全部重跑"),
    ("evaluate", "shapley", "报告：在前 N 个种子上求各渠道的 Shapley 值；0 则不求"),
    ("evaluate", "csv", "每场写一行 CSV；与 --replay 合用则写 `recommend` 可读的日志"),
    ("compare", "agents", "投放方式，以逗号分隔 [默认：even,last-period,buyer-rule,mpc]"),
    ("compare", "agent", "一种投放方式，不按逗号拆分；NAME=AGENT 另取名称；可重复"),
    ("compare", "against", "其余与之相比的投放方式 [默认：第一个]"),
    ("compare", "headroom", "另跑先知计划，说明有多大提升空间"),
    ("compare", "profile", "显示各投放方式有多常达到多少"),
    ("compare", "by_line", "显示各投放方式把钱花在哪里、归因多少；与 --csv 合用则每个渠道一行"),
    ("compare", "require", "除非 X 确定优于 Y，否则以 3 退出；可重复"),
    ("compare", "csv", "每场写一行 CSV；与 --replay 合用则写 `recommend` 可读的日志"),
];

/// The Chinese of an argument of a command; of the program itself the command is empty.
fn argument(command: &str, id: &str) -> Option<&'static str> {
    let own = OWN.iter().find(|(of, name, _)| *of == command && *name == id).map(|(_, _, text)| *text);
    own.or_else(|| SHARED.iter().find(|(name, _)| *name == id).map(|(_, text)| *text))
}

/// The program's definition with Chinese help for the planner's commands; the others keep theirs.
pub(crate) fn chinese(mut program: Command) -> Command {
    // So that what clap adds itself is there: `--help`, and the flags of every command.
    program.build();
    let program = headed(translated(program, ""), "命令：\n{subcommands}\n\n选项：\n{options}")
        .about("营销预算的开放自动驾驶。")
        .long_about("营销预算的开放自动驾驶。\n\n策略把预算逐步分给各渠道，并随回报不断调整。它在模拟市场中训练与评判，同一批消费者可以遇到两次。");
    COMMANDS.iter().fold(program, |program, (name, about)| {
        program.mut_subcommand(name, |command| {
            let command = command.about(*about);
            match REMARKS.iter().find(|(of, _)| of == name) {
                Some((_, remark)) => of_planner(command, name, remark),
                None => command,
            }
        })
    })
}

fn of_planner(command: Command, name: &str, remark: &str) -> Command {
    let examples = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    // Commands to type are the same in every language.
    let typed = examples.lines().filter(|line| line.starts_with("  "));
    let typed: String = typed.map(|line| format!("{line}\n")).collect();
    let after = format!("示例：\n{typed}\n{remark}");
    let command = translated(command, name).after_long_help(after.trim_end().to_owned());
    headed(command, "{all-args}{after-help}")
}

/// The command with what stands before `body` in Chinese.
fn headed(mut command: Command, body: &str) -> Command {
    let usage = command.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let usage = usage.replace("[OPTIONS]", "[选项]").replace("[COMMAND]", "[命令]");
    command.help_template(format!("{{about}}\n\n用法：{usage}\n\n{body}"))
}

/// The command with its arguments in Chinese, under Chinese headings.
fn translated(command: Command, name: &str) -> Command {
    let name = name.to_owned();
    command.mut_args(move |argument| in_chinese(argument, &name))
}

fn in_chinese(argument: Arg, command: &str) -> Arg {
    let Some(text) = self::argument(command, argument.get_id().as_str()) else { return argument };
    let heading = match argument.get_help_heading() {
        Some(_) => "所有命令",
        None if argument.is_positional() => "参数",
        None => "选项",
    };
    let mut text = text.to_owned();
    let list = |values: Vec<String>| values.join("、");
    let takes_value = argument.get_action().takes_values();
    let possible =
        argument.get_possible_values().iter().map(|it| it.get_name().to_owned()).collect::<Vec<_>>();
    if takes_value && !possible.is_empty() {
        text += &fill(" [可选：{0}]", &[&list(possible)]);
    }
    let default =
        argument.get_default_values().iter().map(|it| it.to_string_lossy().into_owned()).collect::<Vec<_>>();
    if takes_value && !default.is_empty() {
        text += &fill(" [默认：{0}]", &[&list(default)]);
    }
    argument
        .help(text)
        .long_help(None::<&str>)
        .help_heading(heading)
        .hide_default_value(true)
        .hide_possible_values(true)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    /// Every argument of the planner's commands has its Chinese, and no Chinese is left of an argument that is gone.
    #[test]
    fn every_argument_has_its_chinese() {
        let mut program = Cli::command();
        program.build();
        let commands: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
        assert_eq!(commands.iter().collect::<BTreeSet<_>>(), COMMANDS.iter().map(|(name, _)| name).collect());
        let mut used = BTreeSet::new();
        let mut shared = BTreeSet::new();
        for (name, _) in REMARKS {
            let command = program.find_subcommand(name).expect(name);
            for it in command.get_arguments() {
                let id = it.get_id().as_str();
                assert!(argument(name, id).is_some(), "`outlay {name}`: `{id}` has no Chinese");
                match OWN.iter().find(|(of, own, _)| of == name && *own == id) {
                    Some((of, own, _)) => _ = used.insert((*of, *own)),
                    None => _ = shared.insert(id.to_owned()),
                }
            }
        }
        assert_eq!(used, OWN.iter().map(|(of, id, _)| (*of, *id)).collect());
        shared.insert("version".to_owned());
        assert_eq!(shared, SHARED.iter().map(|(id, _)| (*id).to_owned()).collect());
    }

    /// A planner's help holds no English sentence: no line outside the examples has two words of letters in a row, but for
    /// names of values.
    #[test]
    fn a_planner_s_help_is_chinese_throughout() {
        let mut program = chinese(Cli::command());
        for (name, _) in REMARKS {
            let command = program.find_subcommand_mut(name).expect(name);
            let help = command.render_long_help().to_string();
            for word in ["Usage", "OPTIONS", "Arguments", "default:", "possible", "Examples", "Every command"]
            {
                assert!(!help.contains(word), "`outlay {name}` says `{word}`:\n{help}");
            }
            assert!(help.contains("用法：") && help.contains("示例："), "{help}");
        }
    }
}
