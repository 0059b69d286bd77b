import { shallowRef } from 'vue'
import type { Ticket } from '../api/types.ts'
import { textsOf } from '../i18n/texts.ts'
import type { LiveEvent } from '../live/live.ts'

/** The incident about whose ticket somebody has just called again, as the page hears of it. */
export const calledAgain = shallowRef<{ id: string } | null>(null)

/** What a page does with each live event, so that the calls that it shows are all that there were. */
export function hearCall({ name, data }: LiveEvent) {
  if (name === 'incident.called') calledAgain.value = data as { id: string }
}

/** What pages say of the calls about a ticket of the hotline. */
export const { t, word } = textsOf(
  {
    'calls.title': '后续来电（{count} 次）',
    'calls.ticket': '工单 {number}',
    'calls.nth': '第 {nth} 次再来电',
    'calls.repeat': '重复来电',
    'calls.address': '地址：{address}',
    'calls.same': '内容与首次来电相同',
    'calls.away': '来电坐标在 {distance}外',
    'calls.toMap': '在地图上看',
    'calls.take': '把图钉移到那里',
    'calls.show': '查看来电人',
    'calls.failed': '后续来电没有取到',
    'demand.help': '求助',
    'demand.consult': '咨询',
    'demand.complain': '投诉',
    'demand.report': '举报',
    'demand.suggest': '建议',
    'demand.praise': '表扬',
  } as const,
  {
    'calls.title': 'Later calls ({count})',
    'calls.ticket': 'Ticket {number}',
    'calls.nth': 'Called again, {nth}',
    'calls.repeat': 'Repeat call',
    'calls.address': 'Address: {address}',
    'calls.same': 'The same words as the first call',
    'calls.away': 'The call gave coordinates {distance} away',
    'calls.toMap': 'Show on the map',
    'calls.take': 'Move the pin there',
    'calls.show': 'Show callers',
    'calls.failed': 'The later calls could not be loaded',
    'demand.help': 'Help',
    'demand.consult': 'Question',
    'demand.complain': 'Complaint',
    'demand.report': 'Denunciation',
    'demand.suggest': 'Suggestion',
    'demand.praise': 'Praise',
  },
)

const WORDS = ['address', 'title', 'content'] as const
type Words = Record<(typeof WORDS)[number], string>

/** What was said otherwise than the masked words of the ticket, which stand on the page. */
export const otherWords = (words: Words, ticket: Ticket) =>
  WORDS.filter((each) => words[each] !== '' && words[each] !== ticket[each]).map((each) =>
    each === 'address' ? t('calls.address', { address: words[each] }) : words[each],
  )
