# 命令行自己的全部文字。标识与变量和 en.ftl 一一对应(有测试检查)。

colon = {":"}
label-error = {"错误:"}
label-next = {"建议:"}
login-known = 登录信息:appmanage password { $app }
follow = 查看进度:appmanage status { $app } --wait
done-domain-add = { $app } 的地址将是 { $url }
done-domain-remove = { $domain } 不再指向 { $app }
follow-domain = 证书需要几秒钟。查看进展:appmanage domain list { $app }
last-lines = 它最后输出的内容:
server-away = 服务器暂时没有响应,正在重试
stream-ended = 数据流已结束。
interrupted = { $app } 的操作仍在服务器上继续进行。

## 什么没有做成

cannot-install = 无法安装 { $subject }
cannot-plan = 无法预演 { $subject } 的安装
cannot-list = 无法列出应用
cannot-status = 无法查看 { $subject }
cannot-start = 无法启动 { $subject }
cannot-stop = 无法停止 { $subject }
cannot-restart = 无法重启 { $subject }
cannot-uninstall = 无法卸载 { $subject }
cannot-trash = 无法查看回收站
cannot-restore = 无法恢复 { $subject }
cannot-purge = 无法彻底删除 { $subject }
cannot-cancel = 无法取消 { $subject } 的操作
cannot-logs = 无法查看 { $subject } 的日志
cannot-events = 无法跟踪事件
cannot-operations = 无法列出操作记录
cannot-stats = 无法查看资源占用
cannot-config = 无法查看 { $subject } 的变量
cannot-configure = 无法修改 { $subject } 的变量
cannot-search = 无法搜索应用目录
cannot-check = 无法检查 { $subject }
cannot-show = 无法查看 { $subject }
cannot-catalog-add = 无法添加应用目录 { $subject }
cannot-catalog-list = 无法列出应用目录
cannot-catalog-sync = 无法同步应用目录
cannot-catalog-remove = 无法移除应用目录 { $subject }
cannot-catalog-trust = 无法更改对 { $subject } 的信任
cannot-adopt = 无法接管 { $subject }
cannot-domain-add = 无法为 { $subject } 添加该域名
cannot-domains = 无法列出域名
cannot-domain-remove = 无法移除 { $subject } 的该域名
cannot-open = 无法打开 { $subject }
cannot-password = 无法查看 { $subject } 的登录信息
cannot-user-add = 无法添加用户 { $subject }
cannot-user-list = 无法列出用户
cannot-user-remove = 无法删除用户 { $subject }
cannot-user-password = 无法修改 { $subject } 的密码
cannot-key-add = 无法生成密钥 { $subject }
cannot-key-list = 无法列出密钥
cannot-key-revoke = 无法吊销密钥 { $subject }
cannot-audit = 无法查看操作者记录
cannot-doctor = 无法检查服务器
cannot-completions = 无法输出补全脚本
cannot-man = 无法输出手册页

## 原因

address-malformed = “{ $given }”不是服务器地址;请写成 unix:路径 或 http://主机:端口
address-https = “{ $given }”是 https 地址,本命令不支持;请建立隧道(ssh -L 5000:127.0.0.1:5000 主机),然后使用 http://127.0.0.1:5000
unreachable-absent = { $address } 处没有服务器在监听
unreachable-permission = 您无权使用服务器的套接字 { $address }
unreachable-stale = { $address } 处已没有服务器在监听
unreachable-socket = 服务器的套接字 { $address } 无法使用:{ $detail }
unreachable-tcp = 无法连接到服务器 { $address }:{ $detail }
unreachable-broken = 与 { $address } 的连接中断:{ $detail }
unreachable-silent = 服务器 { $address } 没有响应
not-understood = 无法理解 { $address } 的回答({ $detail })
confirm-impossible = 数据将被彻底删除,而现在无法向您确认;请加上 --yes
confirm-deletion = 要彻底删除 { $app } 及其全部数据吗?删除后无法恢复。[y/N]
not-confirmed = 您没有同意,未做任何更改
not-running = 它没有在运行
no-page = 它没有网页:其端口不使用 HTTP
operation-unknown = 无法得知其结果:此后又执行了其他操作,且其记录已不存在
no-password-given = 标准输入的第一行没有密码,未做任何更改
no-login = 它没有提供用户名和密码

## 下一步

next-APP-NotExis = “appmanage list”列出现有的应用,“appmanage trash”列出回收站里的应用。
next-APP-Busy = “appmanage status { $subject } --wait”查看正在进行的操作,“appmanage cancel { $subject }”取消它。
next-APP-NotInTrash = “appmanage trash”列出回收站里的应用。
next-Param-Domain-Repeat = “appmanage domain list”列出各应用的域名。
next-Param-Domain-NotExis = “appmanage domain list”列出现有的域名。
next-Param-Domain-NotResolved = 请在域名的DNS服务商处设置地址,然后重试。
next-Gateway-NotConfigured = 请以 root 运行“appmanage gateway init”设置 nginx。
next-Catalog-NotExis = “appmanage catalog list”列出现有的应用目录。
next-Catalog-Repeat = “appmanage catalog sync”重新获取它,“appmanage catalog remove”移除它。
next-APP-NotManaged = 请在它自己的目录中用“docker compose”修改或删除它。
next-Param-APP_ID-FormatError = “appmanage list”列出现有的应用。
next-Param-CustomerAppName-NotExis = “appmanage catalog search”列出可以安装的应用。
next-Param-CustomerAppName-Repeat = “appmanage list”和“appmanage trash”列出已被占用的名称,“appmanage restore”恢复回收站里的应用。
next-Param-CustomerAppName-Wait = “appmanage status { $subject } --wait”查看它的进度。
next-Param-AppVersion-NotExis = “appmanage catalog show”列出应用的版本。
next-Param-Settings-Unknown = “appmanage config”列出应用的变量,“appmanage catalog show”列出安装包的变量。
next-Param-Settings-ValueError = “appmanage config”列出应用的变量,“appmanage catalog show”列出安装包的变量。
next-Param-Settings-Missing = “appmanage config”列出应用的变量,“appmanage catalog show”列出安装包的变量。
next-Requirement-NotEnough = “appmanage stats”查看各应用的资源占用,“appmanage stop”可以释放内存。
next-Policy-Refused = “appmanage install ... --plan”查看该安装包能做什么。
next-ContainerCommandError = “appmanage doctor”帮您找出问题所在。
next-SystemError = “appmanage doctor”帮您找出问题所在。
next-Interface-NotExis = 服务器与本命令的版本不同,或其接口在别的路径下(设置 api.base)。
next-Auth-Forbidden = 请在服务器本机以 root 身份运行(sudo appmanage ...)。
next-Auth-ReadOnly = "appmanage key add --full" 可生成有修改权限的密钥。
next-User-NotExis = "appmanage user list" 可查看用户。
next-User-Repeat = "appmanage user password" 可为用户设置新密码。
next-Key-NotExis = "appmanage key list" 可查看密钥。
next-Key-Repeat = "appmanage key revoke" 可吊销旧密钥。
next-interrupted = 继续查看进度:appmanage status { $subject } --wait
    取消并撤销:appmanage cancel { $subject }
next-unreachable-absent = 请启动服务器(systemctl start appmanage 或 appmanage serve),或用 --server 指定别的服务器。
next-unreachable-permission = 请以 root 身份(sudo appmanage ...)或运行服务器的用户身份执行本命令。
next-unreachable-stale = 请启动服务器(systemctl start appmanage 或 appmanage serve)。
next-unreachable-socket = 请检查路径,或用 --server 指定别的服务器。
next-unreachable-tcp = 请检查地址,并确认服务器在该处监听(设置 listen)。
next-unreachable-broken = 请检查服务器是否在运行(systemctl status appmanage),然后重试。
next-unreachable-silent = 请检查服务器是否在运行(systemctl status appmanage),然后重试。
next-not-understood = 请检查地址;如果地址无误,请让本命令与服务器使用同一版本。
next-not-running = “appmanage status { $subject }”查看它的状态,“appmanage start { $subject } --wait”启动它。
next-no-page = “appmanage status { $subject }”查看它的端口。
next-operation-unknown = “appmanage status { $subject }”查看它目前的状态。
next-no-login = 请打开它的首页或查阅其文档,了解如何登录。

## 做了什么

accepted-install = 正在安装 { $app }。
accepted-start = 正在启动 { $app }。
accepted-stop = 正在停止 { $app }。
accepted-restart = 正在重启 { $app }。
accepted-uninstall = 正在卸载 { $app },其数据将进入回收站。
accepted-restore = 正在恢复 { $app }。
accepted-purge = 正在彻底删除 { $app } 及其全部数据。
accepted-configure = 正在应用 { $app } 的新设置。
accepted-adopt = 正在接管 { $app }。
accepted-release = 正在解除对 { $app } 的接管。
accepted-cancel = 正在撤销 { $app } 的“{ $kind }”操作,它进行到:{ $step }
done-install = { $app } 已安装并正在运行。
done-start = { $app } 已在运行。
done-stop = { $app } 已停止。
done-restart = { $app } 已重启并正在运行。
done-uninstall = { $app } 已卸载,其数据在回收站中(“appmanage restore { $app }”可以恢复)。
done-restore = { $app } 已恢复。
done-purge = { $app } 及其全部数据已彻底删除。
done-configure = { $app } 已使用新设置运行。
done-adopt = { $app } 已被接管。
done-release = 已解除对 { $app } 的接管,它照常运行。
done-cancel = { $app } 的“{ $kind }”操作已撤销,它曾进行到:{ $step }
already-install = { $app } 已经安装。
already-start = { $app } 本来就在运行。
already-stop = { $app } 本来就已停止。
already-restart = { $app }:无需任何操作。
already-uninstall = { $app } 已经卸载。
already-restore = { $app } 已恢复。
already-purge = { $app } 已经删除。
already-configure = { $app } 的设置本来就是这样。
already-release = { $app } 并未被接管。
already-adopt = { $app } 已被接管。

## 进度

now-queued = 排队等待
now-running = 进行中
now-unwinding = 正在撤销。{ $reason }
now-stuck = 暂时无法撤销,将会重试。{ $reason }
now-succeeded = 完成
now-failed = 失败。{ $reason }
now-cancelled = 已取消并撤销
now-checking = 正在检查安装包
step-reserve = 分配端口和网络
step-render = 写入应用目录
step-pull = 下载镜像
step-create = 创建并启动容器
step-await-ready = 等待应用就绪
step-stop-containers = 停止容器
step-start-containers = 启动容器
step-restart-containers = 重启容器
step-take-down = 删除容器和网络
step-remove-data = 删除数据
step-finish = 记录结果
step-again = { $step }(第 { $attempt } 次)
step-failed = 失败:{ $step }。{ $reason }
step-undone = 已撤销:{ $step }
image-here = 镜像 { $image } 已就位({ $size })
pulls-begin = 镜像 { $images_done }/{ $images }
pulls = { $done } / { $total },层 { $layers_done }/{ $layers },镜像 { $images_done }/{ $images }

## 词语

status-queuing = 排队中
status-pulling = 下载中
status-creating = 创建中
status-initing = 启动中
status-running = 运行中
status-stop = 已停止
status-error = 错误
kind-install = 安装
kind-start = 启动
kind-stop = 停止
kind-restart = 重启
kind-uninstall = 卸载
kind-purge = 彻底删除
kind-restore = 恢复
kind-configure = 修改设置
kind-adopt = 接管
kind-release = 解除接管
state-queued = 排队中
state-running = 进行中
state-unwinding = 撤销中
state-stuck = 受阻
state-succeeded = 成功
state-failed = 失败
state-cancelled = 已取消
policy-allowed = 无风险
policy-refused = 拒绝
policy-excepted = 例外允许
policy-unknown = 尚不清楚
variable-secret = 密码
variable-text = 文本
variable-number = 数字
variable-boolean = 是/否
variable-choice = 选项
site-served = 已生效
site-pending = 即将生效
site-failed = 失败
site-kept = 在回收站
certificate-valid = 有效
certificate-expired = 已过期
certificate-none = 尚无

## 列与字段

column-app = 应用
column-package = 安装包
column-status = 状态
column-address = 地址
column-version = 版本
column-trashed = 卸载时间
column-purged = 彻底删除时间
column-domain = 域名
column-site = NGINX
column-certificate = 证书
column-valid-until = 有效期至
column-operation = 操作
column-queued = 时间
column-kind = 类型
column-state = 结果
column-took = 用时
column-cpu = 处理器
column-memory = 内存
column-received = 网络接收
column-sent = 网络发送
column-read = 磁盘读取
column-written = 磁盘写入
column-volumes = 数据卷
column-variable = 变量
column-value = 值
column-meaning = 含义
column-policy = 安全策略
column-description = 说明
column-catalog = 应用目录
column-packages = 安装包
column-trust = 信任
column-source = 来源
field-remarks = 未采用
catalog-state-queued = 等待中
catalog-state-syncing = 获取中
catalog-state-ready = 可用
catalog-state-failed = 上次同步失败
catalog-state-broken = 已损坏
catalog-trust-yes = 是
catalog-trust-no = 否
catalog-synced = { $name } 已同步:{ $count } 个安装包
catalog-failed = { $name } 未能同步
catalog-new = 新增 { $count } 个:{ $names }
catalog-changed = 更新 { $count } 个:{ $names }
catalog-gone = 减少 { $count } 个:{ $names }
catalog-hidden = { $count } 个未由目录提供
catalog-unreadable = { $count } 个无法使用:
catalog-more = ……以及另外 { $count } 个:“appmanage catalog list --output json”列出前 200 个及原因
catalog-unchanged = 没有变化
catalog-removed = 应用目录 { $name } 已移除。由它安装的应用保持不变。
catalog-trusted = 已信任 { $name }:其名称优先于未受信任的应用目录,设置 policy.exceptions 对其安装包有效。
catalog-not-trusted = 不再信任 { $name }。
column-added = 添加时间
column-scope = 权限
column-expires = 过期时间
column-used = 最近使用
column-number = 编号
column-caller = 操作者
column-from = 来源
column-call = 调用
column-about = 对象
column-outcome = 结果
column-reason = 原因
field-key = 密钥
scope-read-only = 只读
scope-full = 完全
never = 从不
key-expired = 已过期
user-added = 已添加用户 { $name }。
user-password-set = 已修改 { $name } 的密码,旧密码立即失效。
user-removed = 已删除用户 { $name }。
key-revoked = 已吊销密钥 { $name }。
shown-once = 请妥善保存,以后不再显示。
no-users = 没有用户。用 "appmanage user add" 添加。
no-keys = 没有 API 密钥。用 "appmanage key add" 生成。
no-audit = 还没有人做过修改。
field-admin = 管理页面
field-file = 编排文件
field-login = 登录信息
field-operation = 最近操作
field-user = 用户名
field-password = 密码
field-website = 主页
field-architectures = 处理器
field-warnings = 警告
field-categories = 分类
field-versions = 版本
field-needs = 资源需求
field-services = 服务
field-note = 备注
field-install = 安装命令
field-images = 镜像
download-unknown = 事先未知
download-at-least = { $size },另有大小未知的部分
field-download = 下载量
field-disk = 磁盘
field-ports = 端口
field-subnets = 子网
field-verdict = 结论
needs = 处理器 { $cpu } 核,内存 { $memory },磁盘 { $disk }
secret-set = (已设置,不显示)
secret-generated = (自动生成)
value-default = { $value }(默认)
value-required = (必须填写)
image-present = { $image }(已在本机)
image-of-unknown-size = { $image }(需下载,大小未知)
image-to-pull = { $image }(需下载 { $size })
plan-sound = 可以安装。

## catalog check 的结果

checked-installable = 可安装
checked-needs-input = 需要输入
checked-refused = 被拒绝
checked-not-clean = 不规范
checked-unreadable = 无法读取
checked-hidden = 未提供
checked-totals =
    格式为 { $format } 的安装包共 { $packages } 个:{ $installable } 个可安装,{ $needs_input } 个需要输入,
    { $refused } 个被安全策略拒绝,{ $not_clean } 个不规范,{ $unreadable } 个无法读取,{ $hidden } 个应用目录本身未提供。
uncheckable-folder = 无法读取该目录:{ $detail }
uncheckable-no-such-format = 没有这种格式;可用的有 { $known }
uncheckable-format = 不是任何已知的格式。如果您知道其格式,请用 --format 指明。
uncheckable-compose = 每个安装包都要交给 docker compose 检查,但无法运行它:{ $detail }
uncheckable-disk = 无法把安装包写入临时文件目录:{ $detail }

## 没有内容时

no-apps = 还没有应用。“appmanage catalog search”列出可以安装的应用。
no-trash = 回收站是空的。
no-domains = 还没有应用使用域名。“appmanage domain add”可以添加。
no-operations = 还没有任何操作。
no-stats = 没有应用。
no-variables = { $app } 的安装包没有声明变量。
nothing-found = 应用目录中没有符合条件的应用。
no-catalogs = 还没有添加应用目录。“appmanage catalog add”可以添加。

## 事件

event-queued = 已接受:{ $operation }
event-step-started = 步骤:{ $step }
event-unwinding = 正在撤销。{ $reason }
event-stuck = 暂时无法撤销。{ $reason }
event-succeeded = 成功
event-failed = 失败。{ $reason }
event-cancelled = 已取消
event-appeared = 出现:并非由本服务器安装的项目
event-vanished = 已消失
event-status-changed = { $from } → { $to }
event-gap = 事件 { $first } 之前的内容已不再保留。

## 检查

finding-ok = {"正常"}
finding-problem = {"异常"}
check-server = 服务器
check-clock = 时钟
check-store = 数据库
check-engine = 容器引擎
check-compose = docker compose
check-disk = 磁盘空间
check-ports = 端口
check-catalog = 应用目录
check-gateway = 网关
check-certificates = 域名证书
check-own-certificate = 网关自身证书，有效期至
doctor-sound = 一切正常。
doctor-problems = 待解决的问题:{ $count }
doctor-clock = 本机与服务器的时钟相差 { $seconds } 秒
doctor-next-clock = 请让两台机器都使用网络时间(timedatectl set-ntp true)。
doctor-next-store = 请检查数据目录所在的磁盘(df -h)和服务器日志(journalctl -u appmanage)。
doctor-next-engine = 请检查 Docker 是否在运行(systemctl status docker),以及服务器的用户是否有权使用它(docker 组)。
doctor-next-compose = 请安装 docker compose 2.29 或更新版本(软件包 docker-compose-plugin),然后重启服务器。
doctor-next-disk = 请清理空间:“docker system df”查看 Docker 的占用,“appmanage trash”查看回收站。
doctor-next-ports = 请扩大端口范围(设置 network.port_first 和 network.port_last),或卸载一些应用。
doctor-next-catalog = 请修正所列的安装包,或从目录中移除(设置 catalog.dir)。
doctor-next-gateway = “appmanage domain list”给出详情;“appmanage gateway status”(以 root 运行)检查 nginx,处理方法见 docs/gateway.md。
doctor-next-own-certificate = 请续期该证书并让 nginx 重新读取(systemctl reload nginx);自签名证书由“appmanage gateway init”重新生成(docs/gateway.md)。
doctor-next-certificates = “appmanage domain list”给出详情:域名必须解析到本机,80 端口必须对互联网开放(docs/domains.md)。

## “appmanage --help”的一屏

help-screen =
    在本机安装和运行自托管应用,并如实告知它们的状态。

    用法:appmanage <命令> [选项]

      catalog     查找可以安装的应用        list        全部应用及其状态
      install     安装应用                  status      查看一个应用
      adopt       接管已在运行的项目        logs        查看服务的输出
      open        打开应用的页面            events      跟踪正在发生的事件
      password    查看登录信息              operations  查看操作记录
      config      查看或修改变量            stats       处理器、内存、网络、磁盘
      start       启动                      doctor      找出问题所在
      stop        停止                      uninstall   卸载,数据进入回收站
      restart     重启                      trash       查看回收站
      cancel      取消并撤销操作            restore     从回收站恢复,包括数据
      domain      域名和证书                purge       彻底删除
      user, key   管理用户和密钥            audit       谁修改了什么
      serve       运行服务器                settings    输出服务器的设置
      gateway     设置前置的 nginx              completions, man, help

      --server 地址     unix:路径 或 http://主机:端口;默认为本机套接字
      --output 形式     text 或 json;  --quiet  只输出所要的内容
      --lang 语言       zh 或 en;  --version  版本;  --help  命令的帮助

    示例:appmanage install wordpress myblog --wait
