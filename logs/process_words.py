"""Words that any process may speak of, so that a short or misspelt one is not taken for the wrong one.

A model knows only its own words. 'Rec. goods' is no sure 'Receive goods' while exports also record and
recheck, and 'chage' may be a change or a charge: what could also be one of these is asked for. The lists are
frozen: growing them makes fewer guesses, never other ones.
"""

from __future__ import annotations

import re

VERBS = frozenset(
    re.findall(
        r"\w+",
        "abort accept acknowledge activate adjust agree align allocate allot amend analyse announce"
        " answer apply appoint approve archive arrange arrive ask assess assign assist attach audit"
        " authorise await back balance begin bill block book break bring build buy calculate call cancel"
        " change charge check choose clarify clean clear close collect commission commit communicate"
        " compare compensate compile complain complete compute conclude configure confirm connect consult"
        " contact continue contract convert cool copy correct create credit cut deactivate debit decide"
        " declare decline deduct define delay delete deliver demand deny deploy describe design detect"
        " determine develop diagnose direct disable discharge disconnect discuss dismantle dispatch"
        " display dispute distribute divert document draft draw drop edit enable end enter escalate"
        " establish estimate evaluate examine exchange execute expand expire explain export extend fail"
        " fetch file filter find finish fit fix flag follow forecast forward fulfil gather generate get"
        " give grade grant guide halt hand handle hold identify implement import improve inform initiate"
        " inquire inspect install instruct integrate interrupt interview introduce investigate invite"
        " invoice issue join judge keep launch lease leave lend level license limit link list load locate"
        " lock log lose maintain make manage map mark market match measure meet merge migrate modify"
        " monitor move name negotiate note notify number observe obtain offer open operate optimise order"
        " organise own pack park pass pause pay perform place plan post postpone prepare present preserve"
        " prevent price print process procure produce promise promote propose protect prove provide"
        " provision publish purchase put query question quote raise rank rate reach react read reallocate"
        " reassess reassign rebuild recall receive recheck reclaim recommend reconcile reconnect record"
        " recover rectify redispatch redo reduce refer refund refuse register reissue reject relate"
        " release reload relocate remain remedy remind remove renew rent reopen repair repeat replace"
        " reply report request require reschedule research reserve reset resolve resource respond restart"
        " restore result resume retain retest retire retrieve retry return reverse review revise revoke"
        " route run sample save scan schedule screen search segment select sell send serve set settle"
        " share ship show sign specify split start state stock stop store study submit subscribe summarise"
        " supervise supply support survey suspend switch take talk target taste teach tell tender"
        " terminate test trace track train transfer translate transmit transport treat trial trigger try"
        " undo unlock update upgrade upload use validate value verify view visit void vote wait warn weigh"
        " win withdraw work write",
    )
)
"""What is done in processes."""
NOUNS = frozenset(
    re.findall(
        r"\w+",
        "acceptance access account accountant action activity address adjustment agency agent agreement"
        " alarm alternative amount answer application appointment approval area arrival article assessment"
        " asset attachment authority back bandwidth bank base batch benefit bill billing blacklist board"
        " bonus book branch budget build building cable calculation calendar call campaign capacity"
        " capital card care case cash category cause centre certificate chance channel charge check"
        " circuit claim class clause client code colleague collection comment commission commitment"
        " committee communication company compensation competition complaint component concept condition"
        " configuration confirmation conflict connection construction consultant consumer contact content"
        " contract contractor control corporation correction correspondence cost counter country county"
        " course cover credit customer damage data date deadline deal debit debt decision defect delay"
        " delivery demand department deposit design detail developer development device direction director"
        " discount disk distribution district division document draft duty employee engineer enquiry"
        " equipment error estimate evaluation event evidence exchange expansion expense experience expert"
        " explanation export extension facility factor failure fault feasibility fee feedback field file"
        " finance finding fine forecast form format frame fraud front function fund goods grade group"
        " guarantee handover head help history house idea identity implementation import improvement"
        " income index indicator industry information inspection installation instruction insurance"
        " interest interface interruption interview inventory investigation investment invoice issue item"
        " job key knowledge label lane launch law lead leader leaver leaving letter level licence limit"
        " line link list load loan local location loss lunch machine mail maintenance management manager"
        " manual market marketing material matter measure measurement media meeting member message meter"
        " method minute mistake model money month name need negotiation net network node note notice"
        " notification number objection objective offer offering office operation operator opinion option"
        " order organisation outage owner package page paper part partner party payment peer penalty"
        " people percentage performance period permission person personnel phase phone picture place plan"
        " planning point policy port portfolio position post power preparation price priority problem"
        " procedure process procurement product production profile profit programme progress project proof"
        " proposal protocol provider province provision purchase quality quantity query question queue"
        " quota quotation range rate reason receipt receiver recipient record refund region registration"
        " regulation reminder repair reply report representative request requester requirement research"
        " reservation reserve resident resolution resource response responsibility restriction result"
        " retention return revenue review reward right risk role roll room route router rule sale sample"
        " satisfaction schedule scheme scope screen section security segment selection seller service"
        " session settlement share sheet shift shop signal signature site software solution source space"
        " specification speed staff stage standard state statement station statistics status stock store"
        " strategy structure subject submission subscriber subscription substitute supervisor supplier"
        " supply support survey switch system table target tariff task tax team technician technology"
        " telephone tender term terminal territory test ticket time title token tool total trade traffic"
        " training transaction transfer transport trial trouble truck unit update upgrade usage user value"
        " vehicle vendor verification version visit voice voucher warehouse warning warranty waste week"
        " work worker workshop year zone",
    )
)
"""What it is done to, and by whom."""
SHORT_FORMS = {
    "cfg": "configure",
    "ckt": "circuit",
    "conf": "confirm",
    "config": "configure",
    "cust": "customer",
    "dept": "department",
    "info": "information",
    "ord": "order",
    "res": "resources",
    "req": "request",
}
"""Short forms that are in common use for one word only, whatever else begins like them."""
VERBS_ZH = frozenset(
    re.findall(
        r"\w+",
        "受理 处理 办理 管理 清理 整理 审理 确认 核查 核实 核对 核算 检查 检测 检修 审核 审批 审查 审计"
        " 批准 批复 登记 登录 录入 记录 派单 派发 派工 指派 改派 转派 调度 调查 调整 调试 调配 调拨 调账"
        " 分析 分派 分配 分类 分级 评估 评审 评价 反馈 反映 答复 答辩 回复 回访 回退 回收 回单 提交 提出"
        " 提供 提醒 提速 交付 交接 移交 转交 开通 开始 开具 开户 开发 停止 停机 停租 停用 暂停 终止 中止"
        " 恢复 修复 修改 维修 维护 更换 更改 更新 变更 升级 升速 降级 降速 限速 拆除 拆机 新建 新装 建设"
        " 建档 配置 配合 配送 预约 预占 预警 预留 释放 占用 归档 归还 撤单 撤销 撤回 取消 驳回 拒绝 退回"
        " 退单 退款 退费 验收 验证 施工 安装 装机 测试 测量 测算 测速 联调 联系 收款 收费 收集 收货 收回"
        " 付款 支付 缴费 催缴 催办 计费 计划 计算 结算 结案 结清 出账 对账 销账 冲账 抄送 采购 订购 招标"
        " 投标 中标 签收 签发 签订 签署 会签 打印 发放 发送 发布 发货 下达 下单 下发 上报 上市 上线 上传"
        " 申请 申报 申告 申诉 投诉 质询 质检 报告 报竣 报障 通知 告知 告警 通报 督办 跟踪 监控 监督 勘查"
        " 勘察 设计 编制 编写 拟订 制定 制作 起草 汇总 统计 筛选 查询 查勘 定位 定价 定级 定责 排障 抢修"
        " 割接 接单 接收 接入 挽留 续约 续签 解约 解挂 挂起 等待 延期 催单 补录 补充 抽查 复核 复查 复测"
        " 复机 重派 重建 重启 启用 启动 关闭 关联 注销 销户 过户 移机 扩容 缩容 优化 整改 竣工 完工 返工"
        " 返单 维系 关怀 协调 协商 商定 谈判 销售 推介 推荐 营销",
    )
)
"""What is done in processes, in Chinese."""
OBJECTS_ZH = frozenset(
    re.findall(
        r"\w+",
        "订单 工单 调单 资源 数据 资料 合同 协议 故障 障碍 电路 端口 设备 板卡 账单 资金 款项 费用 资费 业务"
        " 质量 争议 带宽 速率 线路 号线 货物 物资 缺陷 产品 项目 市场",
    )
)
"""What it is done to, in Chinese: nothing that could do it itself, as a customer or a department can, and
nothing that verbs commonly describe ('审批报告' is the report of an approval)."""
DESCRIBING_ZH = frozenset(
    re.findall(r"\w+", "采购 测试 维护 维修 施工 建设 投诉 销售 报告 申请 计费 计划 结算 统计 监控 营销")
)
"""Verbs that also stand before a noun to say of what kind it is: '采购订单' is not '订单采购'."""
