# 接口返回给用户的全部文字。id 与变量和 en.ftl 一一对应(有测试检查)。

## 错误码(id 是错误码,"." 写作 "-")。文字与接口文档逐字相同。

Param-App_name-Blank = APP名称为空
Param-CustomerAppName-Blank = 用户自定义APP名称为空
Param-CustomerAppName-NotExis = 不支持安装指定的App
Param-CustomerAppName-FormatError = 查询的APP_ID只能是数字和小写字母组成
Param-CustomerAppName-Repeat = 已经安装了此应用,请重新指定APP名称
Param-CustomerAppName-Wait = 同名应用已经在安装等待中,请重新指定APP名称
Requirement-NotEnough = 系统资源(cpu,内存,磁盘空间)不足
Param-APP_ID-Blank = 查询的APP_ID为空
Param-APP_ID-FormatError = 查询的APP_ID只能是数字和小写字母组成
APP-NotExis = 查询的APP没有安装
ContainerCommandError = 操作容器指令发生错误
SystemError = 系统异常,请联系管理员
Param-AppVersion-Blank = 应用版本为空
Param-AppVersion-NotExis = 不支持安装指定的应用版本
Param-Settings-FormatError = 参数settings不是JSON对象
Param-Settings-Unknown = 应用没有指定的设置项
Param-Settings-ValueError = 设置项的值不符合要求
Param-Settings-Missing = 缺少必须填写的设置项
Policy-Refused = 该软件包要求的主机权限未被允许
Header-Version-Blank = 请求头Version为空
Header-Language-Blank = 请求头Language为空
Header-Version-NotExis = 不支持指定的接口版本
Request-FormatError = 请求格式错误
Interface-NotExis = 接口不存在
APP-Busy = 应用正在执行其他操作
Param-Data-FormatError = 参数data只能是keep或purge
APP-NotManaged = 此应用不是由本服务器安装的
APP-Managed = 此应用已由本服务器管理
APP-NotInTrash = 回收站中没有此应用
Operation-NotExis = 应用没有正在执行或等待中的操作
Operation-TooLate = 正在删除应用数据,已无法取消
Param-Limit-FormatError = limit必须是1到100的整数
Param-Before-NotExis = before指定的操作不存在,或已不再保留
Param-Service-NotExis = 应用没有指定的服务
Param-Tail-FormatError = tail必须是0到10000的整数
Param-Since-FormatError = since必须是RFC 3339格式的UTC时间,如2026-11-22T08:00:00Z
Param-Follow-FormatError = follow只能是true或false
Param-LastEventId-FormatError = 事件ID必须是事件流给出的整数
Auth-ReadOnly = 调用方只有只读权限
Auth-Forbidden = 调用方无权使用此接口
Param-Name-Blank = 参数name为空
Param-Name-FormatError = 名称只能由1到32个小写字母、数字、“.”、“_”、“-”组成,且以字母或数字开头
Param-Password-FormatError = 密码至少10个字符,最多256字节,且不能包含控制字符
User-Repeat = 同名用户已存在
User-NotExis = 指定的用户不存在
Key-Repeat = 同名API密钥已存在,请先吊销或另取名称
Key-NotExis = 指定的API密钥不存在
Account-TooMany = 用户或API密钥的数量已达上限
Param-Scope-FormatError = scope只能是read-only或full
Param-Days-FormatError = days必须是1到3650的整数
Param-Before-FormatError = before必须是审计记录的id
Param-Domain-Blank = 域名为空
Param-Domain-FormatError = 这不是可供应用使用的域名
Param-Domain-Wildcard = 应用不能使用通配符域名
Param-Domain-Repeat = 该域名已被使用
Param-Domain-TooMany = 应用的域名数量已达上限
Param-Domain-NotResolved = 该域名没有解析到本机
Param-Domain-NotExis = 应用没有指定的域名
APP-NotWeb = 该应用没有可供域名访问的网页
Gateway-NotConfigured = 没有配置网关,应用不能使用域名
Catalog-Repeat = 已有同名的应用目录
Catalog-NotExis = 没有指定的应用目录
Catalog-TooMany = 应用目录的数量已达上限
Param-Source-Blank = 应用目录的来源为空
Param-Source-FormatError = 这不是应用目录的来源
Param-Position-FormatError = position必须是1到20之间的整数
Param-Trusted-FormatError = trusted必须是true或false

## 补充说明:跟在上面的文字之后,放在括号里。

detail-shortage-cpu = CPU: 需要 { $needed } 核, 共有 { $available } 核
detail-shortage-memory = 内存: 需要 { $needed }, 可用 { $available }
detail-shortage-disk = 磁盘空间: 需要 { $needed }, 可用 { $available }
detail-shortage-subnets = 子网: 需要 { $needed } 个, 可用 { $available } 个
detail-shortage-ports = 端口: 需要 { $needed } 个, 可用 { $available } 个
detail-shortage-queue = 等待中的安装: 这将是第 { $needed } 个, 最多 { $available } 个; 请稍后重试
detail-shortage-apps = 应用: 这将是第 { $needed } 个, 最多 { $available } 个(含安装失败的和回收站中的); 请先彻底删除一些
detail-taken-container = Docker 中已有同名容器 { $name }, 不属于本服务
detail-taken-network = Docker 中已有同名网络 { $name }, 不属于本服务
detail-taken-volume = Docker 中已有同名卷 { $name }, 不属于本服务
detail-taken-trash = 此应用在回收站中: 可用 AppRestore 恢复, 或用 AppPurge 彻底删除
detail-not-managed = 请由创建者用 docker compose 修改或删除它; AppAdopt 开始本服务器对它的管理, 对已接管的应用调用 AppUninstall 则结束管理, 应用继续运行
detail-busy = { $kind }; 请等待其结束, 或用 AppCancel 取消
detail-services-offered = 可用服务: { $services }
detail-versions-offered = 可用版本: { $versions }
detail-domain-wildcard = 请逐个给出名称
detail-domain-address = 这是IP地址
detail-domain-international = 国际化域名请用以 xn-- 开头的ASCII形式
detail-domain-one-label = 只有一段; 域名形如 blog.example.com
detail-domain-malformed = 由字母、数字和连字符组成, 以点分段, 每段1到63个字符, 共253个以内
detail-domain-too-long = 应用的域名最多230个字符
detail-domain-of-app = 属于应用 { $app }; 可用 AppDomainRemove 移除
detail-domain-of-trash = 属于回收站中的应用 { $app }; 可用 AppDomainRemove 移除
detail-domain-of-server = 属于本服务器自身 (设置 public_host 和 api.hosts,以及网关的名称)
detail-no-gateway = 请以root运行 "appmanage gateway init", 详见 docs/gateway.md
detail-too-many-domains = 最多 { $limit } 个
detail-catalog-name = 应用目录的名称只能由小写字母、数字和 "-" 组成, 不能是 builtin 或 local
detail-too-many-catalogs = 最多 { $limit } 个; 请先移除一个
detail-source-kind = 请给出数据目录之外的目录的绝对路径, git 仓库或 .tar.gz 的 https 地址, 或 git 仓库的 file:///... 地址
detail-source-credentials = 地址须含主机名, 不能含用户名或密码, 因为它对所有人可见
detail-source-unverified = 请给出归档文件的 SHA-256, 或用于签名的 minisign 公钥
detail-source-branch = 只有 git 仓库有分支, 须为其分支或标签的名称
detail-source-sha256 = 只有 https 归档文件有 SHA-256, 为64位十六进制数字
detail-source-key = 只有 https 归档文件有公钥: minisign 的公钥, 以 RW 开头的56个字符
detail-resolves-nowhere = { $reason }; 请将其A或AAAA记录指向 { $host } 的地址, 待解析生效后重试
detail-resolves-elsewhere = 它解析到 { $found }; 请将其A或AAAA记录指向 { $host } 的地址; 若本机在路由器之后, 请将 public_host 设为路由器的地址
detail-setting-unknown = { $name }; AppCatalogDetail 列出了可以设置的变量
detail-setting-secret = { $name } 须为一行文字, 至少 { $shortest } 个字符, 最多 { $longest } 字节
detail-setting-text = { $name } 须为一行文字, 最多 { $longest } 字节
detail-setting-number = { $name } 须为整数
detail-setting-boolean = { $name } 须为 true 或 false
detail-setting-choice = { $name } 须为以下之一: { $options }
detail-setting-missing = { $names }; 请在 settings 中逐一给出
detail-policy = { $risks }; 管理员如信任软件包 { $package }, 可将其加入设置 policy.exceptions 并重启服务
detail-engine-unreachable = 无法连接容器引擎 { $endpoint }: { $reason }; 请重试
detail-engine-away = 自 { $since } 起无法连接容器引擎 { $endpoint }: { $reason }; 请检查 Docker 是否在运行 (systemctl status docker), 以及本服务是否有权访问它
detail-database = 数据库无法使用, 未做任何更改; 请检查其磁盘是否有空间且可写; 请求号: { $id }
detail-request = 请求号: { $id }
detail-version-served = 支持: v1
detail-foreign-host = 不接受的主机名 { $host }; 请把它加入设置 api.hosts
detail-foreign-origin = 不接受来自其他网站的调用; 可在设置 api.cors_origins 中允许
detail-too-many-streams = 已打开 { $limit } 个事件流, 达到上限; 请关闭其中一个, 或稍后再试
detail-read-only = 需要使用用户账号,或权限为full的密钥
detail-forbidden = 只有用户和本机管理员可以管理用户和密钥: 请用用户名和密码登录,或以root身份通过本服务的Unix套接字调用
detail-accounts-too-many = 最多100个用户和200个密钥,请删除不再需要的
detail-body-too-large = 请求主体超过 { $limit } 字节
detail-body-broken = 请求主体没有完整到达
detail-body-content-type = 请求主体须为 application/json 或 application/x-www-form-urlencoded
detail-not-utf8 = 不是 UTF-8 编码
detail-percent-encoding = "%" 之后须为两位十六进制数字
detail-not-json-object = 请求主体不是 JSON 对象
detail-given-twice = 参数 { $name } 重复
detail-too-many-parameters = 参数超过 { $limit } 个
detail-parameter-too-long = 参数 { $name } 超过 { $limit } 字节
detail-not-text = 参数 { $name } 须为字符串

## 操作暂时无法撤销的原因:事件 stuck 的 reason。

reason-undo_waits = 已创建的内容暂时无法清除: { $detail }。系统会自动重试,请检查 Docker 是否在运行 (systemctl status docker)。

## 操作失败的原因(id 中是 FailureClass 的名字):发生了什么,接下来怎么做。

failure-no_such_image = 镜像仓库中没有镜像 { $subject }。请换一个应用版本，或检查软件包中的镜像标签，然后重试。
failure-registry_unreachable = 无法连接镜像 { $subject } 所在的仓库。请检查服务器的网络、DNS 和代理，或为 Docker 配置镜像加速（registry-mirrors），然后重试。
failure-login_needed = 拉取镜像 { $subject } 需要登录，或当前账号权限不足。请以运行本服务的用户执行 docker login，然后重试。
failure-pull_limit = 镜像仓库暂时拒绝继续拉取 { $subject }（次数限制）。请稍后再试，或用 docker login 登录后重试。
failure-pull_stalled = 拉取镜像 { $subject } 在 { $detail } 秒内没有任何进展，已放弃。请检查网络或配置镜像加速，然后重试；已下载的层不会重复下载。
failure-wrong_platform = 镜像 { $subject } 不支持本机的处理器。请换一个版本或另一个应用。
failure-disk_full = { $subject ->
    [none] 服务器的磁盘已满。
   *[other] { $subject } 所在的磁盘已满。
 }请清理空间（docker system df 可查看 Docker 的占用），然后重试。
failure-port_taken = 端口 { $subject } 每次都被其他程序占用。请结束该程序，或调整端口范围（设置 network.port_first 和 network.port_last），然后重试。
failure-no_free_port = 设置的端口范围内没有空闲端口可供 { $subject } 使用。请扩大端口范围（设置 network.port_first 和 network.port_last），然后重试。
failure-no_free_subnet = 地址池 { $subject } 中没有空闲的子网。请扩大地址池（设置 network.subnet_pool），然后重试。
failure-name_taken = Docker 中已有 { $subject }，不属于此应用，未作改动。请换一个名称；如确定无用，可自行删除后重试。
failure-out_of_memory = 服务 { $subject } 内存不足，被系统终止。请增加服务器内存，或停止其他应用，然后重试。
failure-exit_code = 服务 { $subject } 自行退出，退出码 { $detail }。请查看其最后的输出（last_lines），解决后重试。
failure-crash_loop = 服务 { $subject } 反复启动又退出。请查看其最后的输出（last_lines），解决后重试。
failure-unhealthy = 服务 { $subject } 的健康检查未通过。请查看其最后的输出（last_lines），解决后重试。
failure-vanished = 服务 { $subject } 的容器在操作过程中被停止或删除。请重试，并在完成前不要改动它。
failure-time_out = { $subject } 在 { $detail } 秒内没有就绪。请查看其最后的输出（last_lines）；如果只是机器较慢，请重试，镜像不会重复下载。
failure-engine_unreachable = 长时间无法连接容器引擎。请检查 Docker 是否在运行（systemctl status docker），然后重试。
failure-container_command = Docker 未能完成操作：{ $detail }。请按其提示处理，然后重试。
failure-broken_package = 软件包 { $subject } 有错误：{ $detail }。请修正或更新该软件包，然后重试。
checkup-disk-unseen = 数据目录空间充足；无法从本机查看 Docker 所在的磁盘
failure-package_changed = 软件包 { $subject } 已不是接受此次安装时的内容：在安装排队期间，它在目录中被更改或移除，且服务器重新启动过。未安装任何内容。请查看目录中现有的内容，然后重新安装。
failure-not_ours = 服务 { $subject } 的容器已不存在，而它不是由本服务器创建的。请在项目目录（{ $detail }）中运行 "docker compose up --detach"，然后重试。
failure-cancelled = 已按要求（AppCancel）取消，并已撤销所做的更改。如属误操作，请重试。
failure-policy_refused = 软件包 { $subject } 要求的主机权限超出了应用的许可范围：{ $detail }。请管理员阅读其 compose 文件，如信任它，将 { $subject } 加入设置 policy.exceptions 并重启服务，然后重试。
failure-ca_unreachable = 无法连接证书颁发机构：{ $detail }。系统会自动重试；请检查服务器的网络和DNS，以及设置 acme.directory。
failure-ca_refused = 证书颁发机构拒绝为 { $subject } 颁发证书：{ $detail }。系统会自动重试；请按其说明处理。
failure-ca_limit = 证书颁发机构暂不接受 { $subject } 的更多请求（频率限制）：{ $detail }。系统会在数小时后自动重试；请移除不需要的域名。
failure-challenge_failed = 证书颁发机构没有从 http://{ $subject }/ 得到正确的应答：{ $detail }。请检查域名的A和AAAA记录是否指向本机，以及80端口是否对互联网开放；系统会自动重试。
failure-gateway_refused = nginx不接受此配置：{ $detail }。原有的服务不受影响；请按其说明处理，系统会自动重试。
failure-gateway_unreachable = 无法通知nginx：{ $detail }。原有的服务不受影响，系统会自动重试；请以root运行 "appmanage gateway status" 检查。
failure-catalog_unreachable = 无法获取位于 { $subject } 的应用目录：{ $detail }。原有内容继续使用；请检查地址和网络，然后重新同步。
failure-catalog_too_large = 位于 { $subject } 的应用目录超出了限制：{ $detail }。原有内容继续使用；请检查该地址是否为应用目录，然后重新同步。
failure-catalog_not_genuine = 位于 { $subject } 的内容与要求不符：{ $detail }。原有内容继续使用；请询问目录的发布者，如校验和或公钥已更换，请重新添加。
failure-catalog_format = 位于 { $subject } 的内容不能用作应用目录：{ $detail }。原有内容继续使用；请检查地址，或询问目录的发布者。
failure-catalog_broken = 应用目录 { $subject } 已获取的内容无法读取：{ $detail }。请重新同步。
failure-internal = 服务内部错误：{ $detail }。请查看服务日志并联系管理员。

## 软件包可以对主机做什么(id 中是 Rule 的名字)。

risk-privileged = 拥有主机的全部权限
risk-host_namespace = 与主机共享本应隔离的命名空间: { $subject }
risk-engine_socket = 可以控制 Docker, 进而控制整台主机: { $subject }
risk-outside_path = 使用应用自身文件夹以外的路径: { $subject }
risk-nested_path = 使用的路径可被它的某个容器改成指向任意位置的链接（请以只读方式挂载其所在文件夹，或将其移出）: { $subject }
risk-device = 使用主机设备: { $subject }
risk-capability = 拥有容器通常没有的内核能力: { $subject }
risk-security_profile = 更改容器的安全配置: { $subject }
risk-cgroup_parent = 自行选择容器的控制组及其限额: { $subject }
risk-other_container = 访问可能不属于它的容器: { $subject }
risk-sysctl = 更改整台主机的内核参数: { $subject }
risk-external = 使用不属于它、可能属于其他应用的资源: { $subject }
risk-host_program = 在主机上直接运行程序: { $subject }
risk-unknown = 使用本服务不认识的内容: { $subject }

## What has to be known of a package before it is installed.

warning-fixed-password = 初始密码是固定的,人人皆知:应用运行后请立即修改
