package demo

import (
	"math/rand/v2"
	"strings"

	"jingwei/geo/coverage"
)

// Kinds of branches, as table branch knows them.
const (
	workCommittee = "work_committee" // 党工委, 镇党委
	committee     = "committee"      // 党委
	generalBranch = "general_branch" // 党总支
	branch        = "branch"         // 党支部
	partyGroup    = "group"          // 党小组
)

// addBranches founds a branch for each area. A micro-grid's group has 3 to 5 members; each branch above has the members of
// those below, which keeps a grid's branch between 3 and 50.
func (c *County) addBranches(rng *rand.Rand, parent []int32) {
	c.Branches = make([]Branch, len(c.Areas))
	offices := 0
	for i, a := range c.Areas {
		b := Branch{Code: "B" + a.Code, Area: a.Code, Secretary: personName(rng), Invented: true}
		if parent[i] >= 0 {
			b.Parent = c.Branches[parent[i]].Code
		}
		if a.Level == coverage.Micro {
			b.Members = 3 + rng.IntN(3)
		} else {
			b.Phone = officePhone(offices)
			offices++
		}
		c.Branches[i] = b
	}
	for i := len(c.Branches) - 1; i > 0; i-- {
		c.Branches[parent[i]].Members += c.Branches[i].Members
	}
	for i, a := range c.Areas {
		b := &c.Branches[i]
		b.Name, b.Kind = branchName(a, b.Members)
	}
}

// branchName gives the branch of an area its name and kind. Residents' committees and large villages have a party committee,
// other villages a general branch.
func branchName(a Area, members int) (name, kind string) {
	switch a.Level {
	case coverage.County:
		return a.Name + "城乡基层治理党工委", workCommittee
	case coverage.Town:
		if strings.HasSuffix(a.Name, "镇") {
			return a.Name + "党委", workCommittee
		}
		return a.Name + "党工委", workCommittee
	case coverage.Community:
		if village := strings.HasSuffix(a.Name, "村"); village && members < 300 {
			return a.Name + "党总支", generalBranch
		}
		return a.Name + "党委", committee
	case coverage.Grid:
		return a.Name + "党支部", branch
	default:
		return a.Name + "党小组", partyGroup
	}
}

// officePhone is a number that nobody can have: local numbers do not begin with 0. n is below 10,000.
func officePhone(n int) string { return "0510-0000" + digits(n, 4) }

var (
	surnames = []rune("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段钱汤尹黎易常武乔贺赖龚文")
	given    = []rune("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂华林峰萍红玉建国志海燕春梅玲鹏辉宇浩凯健俊帆雪荣琴云洁晨佳欣怡彬斌宁旭东岩松柏青兴荷竹溪岚益庆福祥和顺永康成立新民文远思源")
)

// personName invents a name: one character for the family and mostly two given.
func personName(rng *rand.Rand) string {
	name := []rune{surnames[rng.IntN(len(surnames))], given[rng.IntN(len(given))]}
	if rng.Float64() < .78 {
		name = append(name, given[rng.IntN(len(given))])
	}
	return string(name)
}
