"""The sentences in Chinese, by their English templates. A test finds what is missing."""

from __future__ import annotations

from typing import Final

CHINESE: Final[dict[str, str]] = {
    # -- terminal: what happens in the room
    "Welcome to #{room}: {doors}. /help lists the commands, /nick NAME chooses a name.": (
        "欢迎来到 #{room}：{doors}。/help 列出命令，/nick 名字 给自己取名。"
    ),
    "Ctrl-R shows again what you were typing when others' words came in between.": (
        "打字时被别人的话打断了？按 Ctrl-R 重新显示你打到一半的内容。"
    ),
    "Topic: {topic}": "话题：{topic}",
    "You are {nick}.": "你是 {nick}。",
    "The last message:": "最近一条消息：",
    "The last {count} of {seq} messages:": "共 {seq} 条消息，最近 {count} 条：",
    "The last message, since {day}:": "最近一条消息，{day}：",
    "The last {count} of {seq} messages, since {day}:": (
        "共 {seq} 条消息，最近 {count} 条，从 {day} 起："
    ),
    "you are the first one here": "你是第一个来的",
    "{count} here": "{count} 人在线",
    "{count} here ({doors})": "{count} 人在线（{doors}）",
    "{names} joined ({count} here)": "{names} 进来了（{count} 人在线）",
    "{names} left ({count} here)": "{names} 离开了（{count} 人在线）",
    "{names} and {count} others": "{names} 等另外 {count} 人",
    "{old} is now {new}": "{old} 改名为 {new}",
    "{nick} set the topic: {topic}": "{nick} 把话题改为：{topic}",
    "{nick} took the topic away": "{nick} 取消了话题",
    "private from {nick}:": "{nick} 的悄悄话：",
    "private from {nick} to {to}:": "{nick} 给 {to} 的悄悄话：",
    "This is another log than the one you read before; what follows is its latest part": (
        "这里的记录已不是你之前读的那一份；下面是它最近的部分"
    ),
    "Messages {first} to {last} are no longer kept": "第 {first} 到 {last} 条消息已不再保存",
    "Messages {first} to {last} are missing": "第 {first} 到 {last} 条消息缺失",
    "Messages {first} to {last} are lost: the log cannot read them": (
        "第 {first} 到 {last} 条消息已丢失：记录中这部分读不出来"
    ),
    "{count} messages could not be read: they are lost": "有 {count} 条消息读不出来，已丢失",
    "You are now {nick}": "你现在叫 {nick}",
    "{count} in #{room}: {people}": "#{room} 有 {count} 人：{people}",
    "{count} in #{room}: {people} and {more} more": (
        "#{room} 有 {count} 人：{people}，还有 {more} 人"
    ),
    "#{room} ({count} here)": "#{room}（{count} 人在线）",
    "#{room} ({count} here): {topic}": "#{room}（{count} 人在线）：{topic}",
    "Nothing has been said here yet": "这里还没有人说过话",
    "Nothing found": "没有找到",
    "yes, still here": "是的，还在",
    "the log is slow just now; try again in a moment": "记录暂时跟不上，请稍后再试",
    "nobody can tell yet whether that was kept; send it again": (
        "暂时不知道那条消息有没有存下来，请再发一次"
    ),
    "that id belongs to another message; choose a new one": "这个 id 已属于另一条消息，请换一个",
    "the log cannot be read just now": "记录暂时读不出来",
    "search for {limit} characters at most": "搜索词最多 {limit} 个字符",
    "your private message to {nick} may not have arrived: the connection broke; send it again": (
        "你给 {nick} 的悄悄话可能没有送到：对方的连接断了，请再发一次"
    ),
    # -- commands: help
    "this list": "这份列表",
    "choose a name": "给自己取名",
    "say what you do": "说你在做什么",
    "who is here, and by which door": "谁在这里，从哪扇门进来的",
    "a private word, to one in any room": "给一个人的悄悄话，不论他在哪个房间",
    "go to another room, or open one": "去另一个房间，没有就新开一个",
    "the rooms there are": "有哪些房间",
    "what this room is about; /topic - takes it away": "这个房间的话题；/topic - 取消话题",
    "the last N messages again": "再看最近 N 条消息",
    "messages that hold these words": "含有这些词的消息",
    "the messages behind that one": "那一条之后的消息",
    "how times are shown": "时间怎样显示",
    "do not show joins and leaves": "不显示谁来谁走",
    "names in colour": "名字用颜色显示",
    "your own lines come back to you, for those who log": "自己的话也发回来，方便留记录",
    "for programs: no times, no greeting, and others see what you are": (
        "给程序用：没有时间、没有问候，别人看得出你是程序"
    ),
    "the language of the server's sentences": "服务器说话用的语言",
    "JSON lines from here on, for programs": "从这里起用 JSON 行，给程序用",
    "leave": "离开",
    # -- commands: notices
    "#{room}: {topic}": "#{room}：{topic}",
    "no topic": "没有话题",
    "The messages behind {seq}, of {head}:": "第 {seq} 条之后的消息，共 {head} 条：",
    "times are shown as {form}": "时间显示为 {form}",
    "no times": "不显示时间",
    "joins and leaves are shown": "显示谁来谁走",
    "joins and leaves are not shown": "不显示谁来谁走",
    "colours on": "颜色已打开",
    "colours off": "颜色已关闭",
    "your own lines come back to you": "自己的话会发回来",
    "your own lines do not come back to you": "自己的话不再发回来",
    "you are shown as a program": "别人会看到你是程序",
    "English it is": "好的，说中文",
    # -- notices
    "the server is stopping; come back in a moment": "服务器正在停止，请稍后再来",
    "much comes from your address just now: your lines wait for their turn": (
        "你的地址此刻发来的内容很多：你的消息正在排队"
    ),
    "too many lines that cannot be read: only {a_minute} a minute are": (
        "读不懂的行太多了：每分钟只处理 {a_minute} 行"
    ),
    "not so fast: your lines are held back to {rate} a second": (
        "慢一点：你的消息按每秒 {rate} 条放行，一条也不会丢"
    ),
    # -- errors
    "there is no command /{name}; /help lists them, //{again} says it": (
        "没有 /{name} 这个命令；/help 列出命令，//{again} 把它当话说出来"
    ),
    "/{name} is a setting of the text view": "/{name} 只用于文本方式",
    "say what you do: /me waves": "说说你在做什么：/me 挥手",
    "you are {nick}; another name: /nick NAME": "你是 {nick}；改名：/nick 名字",
    "a private word: /msg NAME TEXT": "悄悄话：/msg 名字 内容",
    "say something: /msg {nick} TEXT": "说点什么：/msg {nick} 内容",
    "{nick} is not reading just now; try again later": "{nick} 现在收不到，请稍后再试",
    "you are in #{room}; another room: /join NAME": "你在 #{room}；换房间：/join 名字",
    "how many messages? /history 20": "要看多少条？/history 20",
    "what words? /search TEXT": "要找哪些词？/search 内容",
    "read on behind which message? /since {seq}": "从哪一条之后读起？/since {seq}",
    "one of these: {usages}": "请用其中之一：{usages}",
    "that line is not UTF-8, so it was not sent"
    " (a terminal set to GBK? telnet spoils some letters, nc does not)": (
        "这一行不是 UTF-8，没有发出（终端设成了 GBK？telnet 会弄坏一些字，nc 不会）"
    ),
    "there was nothing to say in that": "里面没有可说的内容",
    "that is {size} bytes long, and {limit_bytes} is the limit; it was not sent": (
        "这条有 {size} 字节，上限是 {limit_bytes}，没有发出"
    ),
    "that holds a {kind}, {char}, so it was not sent": "里面有{kind} {char}，没有发出",
    "that holds a {kind}, {char} (an escape or arrow key?), so it was not sent": (
        "里面有{kind} {char}（按了 Esc 或方向键？），没有发出"
    ),
    "that has more than {count} marks on one letter, so it was not sent; send it with fewer": (
        "一个字母上的附加符号超过 {count} 个，没有发出；请减少后再发"
    ),
    "search for {count} characters at most": "搜索内容最多 {count} 个字符",
    "control character": "控制字符",
    "character without a meaning": "无意义的字符",
    "a line of more than {limit} bytes; it was not sent": "这一行超过 {limit} 字节，没有发出",
    "a room's name is 1 to {count} letters, digits, - _ and . (not first)": (
        "房间名是 1 到 {count} 个字母、汉字、数字、- _ 和 .（不能在开头）"
    ),
    "{nick} cannot be a name: {why}": "{nick} 不能用作名字：{why}",
    "at most {count} characters": "最多 {count} 个字符",
    "none of < > * ! | can be in a name": "名字里不能有 < > * ! |",
    "a name cannot begin with {char}": "名字不能以 {char} 开头",
    "a name needs a letter, a digit or a picture": "名字里要有文字、数字或图形",
    "too many marks upon one letter": "一个字母上的附加符号太多",
    "its letters are of scripts that are not written together": "它混用了不在一起书写的文字",
    "it is empty or holds characters that cannot be in a name": (
        "它是空的，或含有名字里不能有的字符"
    ),
    "it holds a character that nobody can see": "它含有看不见的字符",
    "the name {nick} is taken here; choose another": "{nick} 这个名字已经有人用了，请换一个",
    "nobody here is called {nick}": "这里没有人叫 {nick}",
    "there are too many rooms; join one of /rooms": "房间太多了，请从 /rooms 里选一个",
    "there is no room {name}: say something in it first": "没有 {name} 这个房间：先在里面说句话",
    "you have come in by another connection": "你从另一个连接进来了",
    "you only watch; say hello with a name first": "你只是旁观；请先带名字发 hello",
    "your hello was refused; say it again first": "你的 hello 被拒绝了，请先重发",
    "the log cannot tell whether it has the message; send it again": (
        "暂时无法确认这条消息是否已保存，请再发一次"
    ),
    "its file was deleted or replaced while the server runs: nothing that is said can be kept": (
        "服务器运行期间，记录文件被删除或替换，现在说的话无法保存"
    ),
    "the log cannot be written or read just now ({words})": "现在无法读写记录（{words}）",
    (
        "more than {_per_minute} connections a minute came from your address; try again in a moment"
    ): "你的地址每分钟新建的连接超过 {_per_minute} 个，请稍后再试",
    "the server is full; try again later": "服务器已满，请稍后再试",
    "there are {count} connections from your address already": "你的地址已经有 {count} 个连接了",
    "that is not JSON: {error}": "这不是 JSON：{error}",
    "that message is not right: {error}": "这条消息不对：{error}",
    "an id is 1 to 64 printable ASCII characters; send the message with another id": (
        "id 是 1 到 64 个可打印的 ASCII 字符；请换一个 id 再发"
    ),
    # -- the client at a terminal
    "offline": "已断线",
    "lag {ms} ms": "延迟 {ms} 毫秒",
    "{count} on their way": "{count} 条待发",
    "connected again": "已重新连上",
    "new since {clock}": "{clock} 之后的新消息",
    "{count} lines: Enter says them as one message, Ctrl-C drops them": (
        "共 {count} 行：回车作为一条消息发出，Ctrl-C 放弃"
    ),
    "{count} of your messages were not sent": "你有 {count} 条消息没有发出",
    "{why}; trying again in {s} s": "{why}；{s} 秒后重试",
    "connected again after {s} s": "{s} 秒后重新连上了",
    "the room was left": "已离开房间",
    "the connection broke before the answer came": "还没收到答复，连接就断了",
    "the server answered with {kind}": "服务器的答复对不上（{kind}）",
    "no answer for {s} s": "{s} 秒没有答复",
    "not acknowledged within {s} s": "{s} 秒内没有收到确认",
    "a message with that id is on its way; give each message its own id": (
        "已有一条同样 id 的消息在发送；每条消息要用不同的 id"
    ),
    "that is not UTF-8, so it was not sent": "这不是 UTF-8，没有发出",
    "standard input": "标准输入",
    "standard output": "标准输出",
    "standard error": "标准错误",
    "{file} is closed": "{file}已关闭",
    "{file} cannot be read: {why}": "无法读取{file}：{why}",
    "{file} cannot be written: {why}": "无法写入{file}：{why}",
    # -- the client: addresses
    "{scheme}:// is no address of a room; HOST:PORT and http:// are": (
        "{scheme}:// 不是房间的地址；请用 主机:端口 或 http://"
    ),
    "{address} is not HOST:PORT": "{address} 不是 主机:端口",
    "{address} is no address": "{address} 不是地址",
    "there is no host in {address}": "{address} 里没有主机名",
    "the port in {address} is not a number from 1 to 65535": (
        "{address} 里的端口不是 1 到 65535 的数字"
    ),
    "{address} cannot be reached: {why}": "连不上 {address}：{why}",
    "{address} does not answer": "{address} 没有回应",
    "{address} does not answer as a room within {s} s": "{address} 在 {s} 秒内没有像房间那样回应",
    "{address} has fallen silent": "{address} 没有声音了",
    "{address} has closed the connection": "{address} 关闭了连接",
    "{address} answers, but not as a room: {words}": "{address} 有回应，但不是房间：{words}",
    "{address} answers, but it is no web server": "{address} 有回应，但不是网页服务器",
    "a web page is at {address}; try {page}": "{address} 是网页的端口；请用 {page}",
    "an SSH server answers at {address}, not a room": "{address} 是 SSH 服务器，不是房间",
    "{address} speaks TLS; try {other}": "{address} 使用 TLS；请用 {other}",
    "{address} does not speak TLS; try {other}": "{address} 不使用 TLS；请用 {other}",
    "{address} has a certificate that is not valid: {why}": "{address} 的证书无效：{why}",
    "there are no Unix sockets here": "这个系统没有 Unix 套接字",
    "that is not the name of a host": "这不是主机名",
    "Connection refused": "连接被拒绝（那里没有程序在听）",
    "Connection reset by peer": "对方断开了连接",
    "Name or service not known": "找不到这个主机",
    "No route to host": "没有到这个主机的路",
    "Network is unreachable": "网络不通",
    "No such file or directory": "没有这个文件",
    "Permission denied": "没有权限",
    "No space left on device": "磁盘已满",
    "Bad file descriptor": "不能这样使用",
    "the connection broke: your private message may not have arrived": (
        "连接断了：你的悄悄话可能没有送到"
    ),
    "the server is busy; your messages wait here and are sent when it takes them": (
        "服务器正忙；你的消息先存在这里，等它能收时再发"
    ),
    "the server cannot tell yet whether it has your message; it is asked again": (
        "服务器暂时无法确定是否已收到你的消息，正在再次询问"
    ),
}
