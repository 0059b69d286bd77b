package incident

// Name is what people call a thing, in Chinese and English; the English is that of the pages.
type Name struct{ ZH, EN string }

// ChannelNames are the names of the channels.
var ChannelNames = map[Channel]Name{
	Resident:       {"居民", "Resident"},
	Worker:         {"网格员", "Grid worker"},
	Courier:        {"新就业群体", "Courier"},
	Hotline12345:   {"12345热线", "12345 hotline"},
	Platform14:     {"1+4平台", "“1+4” platform"},
	EnterpriseLine: {"政企通", "Enterprise line"},
	Import:         {"导入", "Import"},
}

// StatusNames are the names of the steps.
var StatusNames = map[Status]Name{
	Collected:  {"事件收集", "Collected"},
	Analysed:   {"分析研判", "Analysed"},
	Dispatched: {"精准派单", "Dispatched"},
	Signed:     {"签收处理", "Signed for"},
	FedBack:    {"结果反馈", "Result reported"},
	Evaluated:  {"工作评价", "Evaluated"},
	Closed:     {"事件办结", "Closed"},
	Cancelled:  {"作废", "Cancelled"},
}
