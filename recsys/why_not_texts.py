"""The texts of why something is not shown, in English and Chinese; `recsys.why_not` says which there are."""

from collections.abc import Mapping

Texts = Mapping[str, str]
"""One text a language."""

TEXTS: Mapping[str, Texts] = {
    "out_of_stock": {"en": "It is out of stock", "zh": "缺货"},
    "not_on_sale": {"en": "It is not on sale at this time", "zh": "当前不在销售期内"},
    "offer_not_valid": {"en": "The offer has not begun, or it has ended", "zh": "优惠尚未开始或已结束"},
    "nothing_in_scope": {
        "en": "The offer is for products of which the catalogue has none", "zh": "该优惠所指定的商品在目录中均不存在",
    },
    "used_up": {"en": "The offer was redeemed as often as it may be", "zh": "该优惠的总核销次数已用完"},
    "channel_not_carried": {"en": "The offer is not for this channel", "zh": "该优惠不在此渠道投放"},
    "not_triggered": {"en": "What the offer waits for is not so now", "zh": "该优惠的触发条件当前未满足"},
    "tier_not_allowed": {"en": "The offer is not for the member's tier", "zh": "该优惠不适用于会员当前等级"},
    "excluded_by_request": {"en": "The request asked for it to be left out", "zh": "请求中要求不展示"},
    "offer_already_held": {"en": "The member has this offer already", "zh": "会员已持有该优惠"},
    "recently_bought": {"en": "The member bought it a short while ago", "zh": "会员近期已购买"},
    "already_in_basket": {"en": "It is in the basket already", "zh": "已在购物篮中"},
    "asked_about": {"en": "It is the product that the question is about", "zh": "正是所询问的商品"},
    "channel_consent_missing": {
        "en": "The member did not agree to messages through this channel", "zh": "会员未同意通过该渠道接收消息",
    },
    "max_depth": {"en": "Its discount is deeper than the policy allows", "zh": "折扣力度超过策略上限"},
    "max_discount_rate": {
        "en": "Its expected discount is too large a share of what the order is worth",
        "zh": "预期折扣占订单价值的比例过高",
    },
    "no_discount": {"en": "The member gets no discount this calendar month", "zh": "会员本自然月不享受折扣"},
    "not_enough_points": {
        "en": "It costs more points than the member has", "zh": "所需积分超过会员现有积分",
    },
    "budget_is_short": {
        "en": "Its budget is short and worth more with other members", "zh": "其预算紧张，用于其他会员更有价值",
    },
    "scope_not_wanted": {
        "en": "Nothing it is valid for is among what the member is recommended or bought before",
        "zh": "会员的推荐与历史购买中没有其适用商品",
    },
    "needed_once": {
        "en": "The member is not expected to need as many as it makes them buy",
        "zh": "预计会员不需要购买该优惠要求的数量",
    },
    "smaller_depth_is_enough": {
        "en": "A smaller discount of the same ladder is worth as much", "zh": "同一阶梯中较小的折扣已足够",
    },
    "min_margin": {"en": "Its margin is below the least that the policy allows", "zh": "毛利低于策略下限"},
    "out_of_budget": {"en": "The offer's own budget is used up", "zh": "该优惠自身的预算已用完"},
    "experiment_holdout": {
        "en": "The member is in the part of an experiment that gets no offers",
        "zh": "会员处于实验中不展示优惠的对照组",
    },
    "contact_cap": {
        "en": "The limit of {limit} messages in {days} days ({channel}) is reached",
        "zh": "{days}天内最多{limit}条消息（{channel}），已达上限",
    },
    "campaign_cap": {
        "en": "The limit of {limit} messages of the campaign {campaign} in {days} days ({channel}) is reached",
        "zh": "活动{campaign}在{days}天内最多{limit}条消息（{channel}），已达上限",
    },
    "cooldown_contacted": {
        "en": "{what} reached the member (times: {times}) and rests for {days} days",
        "zh": "{what}已触达会员（次数：{times}），冷却{days}天",
    },
    "cooldown_redeemed": {
        "en": "{what} was redeemed (times: {times}) and rests for {days} days",
        "zh": "{what}已被使用（次数：{times}），冷却{days}天",
    },
    "cooldown_ignored": {
        "en": "{what} got no answer (times: {times}) and rests for {days} days",
        "zh": "{what}未获回应（次数：{times}），冷却{days}天",
    },
    "quiet_hours": {
        "en": "Quiet hours: nothing is sent from {begin} to {end}", "zh": "免打扰时段（{begin}至{end}）内不发送",
    },
    "depth_band": {
        "en": "Its discount is outside the band of {least} to {most} for its kind and the member's tier",
        "zh": "折扣不在该类型与会员等级允许的{least}至{most}区间内",
    },
    "budget": {
        "en": "One redemption would cost more than all of the budget {budget}",
        "zh": "一次核销的成本将超过预算{budget}的总额",
    },
    "reach": {"en": "Only the tier {tier} and those above it can have it", "zh": "仅{tier}及以上等级可获得"},
    "eligibility_rule": {
        "en": "A rule of eligibility does not allow it (owner: {owner})", "zh": "资格规则不允许（负责人：{owner}）",
    },
    "applicability_rule": {
        "en": "A rule of applicability: it makes no sense now (owner: {owner})",
        "zh": "适用规则：此时不适用（负责人：{owner}）",
    },
    "suitability_rule": {
        "en": "A rule of suitability: it is not in both sides' interest (owner: {owner})",
        "zh": "合宜规则：不符合双方利益（负责人：{owner}）",
    },
    "period_offer": {"en": "Offered during {period} only", "zh": "仅在“{period}”期间提供"},
    "calendar_rule": {
        "en": "A rule of the period {period} leaves it out (owner: {owner})",
        "zh": "“{period}”期间的规则将其排除（负责人：{owner}）",
    },
    "file_rule": {
        "en": "A rule of the policy leaves it out (owner: {owner})", "zh": "策略规则将其排除（负责人：{owner}）",
    },
    "slate_cap": {
        "en": "At most {limit} of {group} stand in one slate (owner: {owner})",
        "zh": "{group}在一次展示中最多{limit}个（负责人：{owner}）",
    },
    "outranked": {"en": "Better or pinned ones took the places", "zh": "位置已被更优或置顶的内容占用"},
    "no_places": {"en": "No places were asked for", "zh": "未请求任何展示位"},
    "no_gain": {"en": "It is not worth more than making no offer", "zh": "不比不发优惠更有价值"},
    "offer_places_full": {"en": "Better offers took the places for offers", "zh": "优惠位已被更优的优惠占用"},
    "not_drawn": {
        "en": "Worth more than no offer, but another choice was drawn to learn from",
        "zh": "虽有收益，但为学习而抽中了其他选项",
    },
    "nobody": {"en": "not named", "zh": "未注明"},
}  # fmt: skip
"""By reason code; `nobody` stands for an owner that a part of the file does not name."""

SECTIONS: Mapping[str, Texts] = {
    "native": {"en": "always in force", "zh": "内置规则"},
    "contact": {"en": "contact", "zh": "触达"},
    "guardrails": {"en": "guardrails", "zh": "护栏"},
    "reach": {"en": "reach of tiers", "zh": "等级可达"},
    "eligibility": {"en": "eligibility", "zh": "资格"},
    "applicability": {"en": "applicability", "zh": "适用"},
    "suitability": {"en": "suitability", "zh": "合宜"},
    "calendar": {"en": "calendar", "zh": "日历"},
    "rules": {"en": "rules", "zh": "规则"},
    "experiment": {"en": "experiment", "zh": "实验"},
    "diversity": {"en": "diversity", "zh": "多样性"},
    "arbitration": {"en": "choice among offers", "zh": "优惠择优"},
    "ranking": {"en": "ranking", "zh": "排序"},
}

CHANNELS: Mapping[str, Texts] = {
    "all": {"en": "every channel but the web", "zh": "除网页外的全部渠道"},
    "web": {"en": "web", "zh": "网页"},
    "email": {"en": "email", "zh": "电子邮件"},
    "push": {"en": "push", "zh": "推送"},
    "sms": {"en": "sms", "zh": "短信"},
}

RESTING: Mapping[str, Texts] = {
    "offer": {"en": "This offer", "zh": "该优惠"},
    "campaign": {"en": "An offer of the same campaign", "zh": "同一活动的优惠"},
    "kind": {"en": "An offer of the same kind", "zh": "同类优惠"},
    "any": {"en": "An offer", "zh": "任一优惠"},
}

GROUPS: Mapping[str, Texts] = {
    "category": {"en": "a category", "zh": "同一品类"},
    "brand": {"en": "a brand", "zh": "同一品牌"},
    "all": {"en": "what the rule names", "zh": "规则所列商品"},
}
