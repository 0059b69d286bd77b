import { ref } from 'vue'
import type { SortedBy } from './url.ts'

/** The columns beside the title, in their order; sort is by what the server can sort, and files are the file's columns for it. */
export const COLUMNS = [
  { id: 'reported_at', sort: 'reported_at', files: ['reported_at'] },
  { id: 'item', sort: 'item', files: ['item'] },
  { id: 'status', sort: 'status', files: ['status'] },
  { id: 'channel', sort: 'channel', files: ['channel'] },
  { id: 'town', sort: null, files: ['town'] },
  { id: 'area', sort: null, files: ['community', 'grid', 'micro'] },
  { id: 'closed_at', sort: 'closed_at', files: ['closed_at'] },
  { id: 'received_at', sort: null, files: ['received_at'] },
  { id: 'id', sort: null, files: ['id'] },
] as const satisfies readonly { id: string; sort: SortedBy | null; files: readonly string[] }[]
export type ColumnId = (typeof COLUMNS)[number]['id']

const AT_FIRST: readonly ColumnId[] = ['reported_at', 'item', 'status', 'town']
const STORED = 'jingwei.list.columns'

function stored(): ColumnId[] {
  try {
    const words = JSON.parse(localStorage.getItem(STORED) ?? 'null')
    if (Array.isArray(words)) return COLUMNS.flatMap(({ id }) => (words.includes(id) ? [id] : []))
  } catch {
    // What cannot be read, or a browser that forbids storage: the columns are those of the first visit.
  }
  return [...AT_FIRST]
}

/** The columns that somebody has chosen; the browser remembers them. */
export function useColumns() {
  const shown = ref<readonly ColumnId[]>(stored())

  function choose(ids: readonly string[]) {
    shown.value = COLUMNS.flatMap(({ id }) => (ids.includes(id) ? [id] : []))
    try {
      localStorage.setItem(STORED, JSON.stringify(shown.value))
    } catch {
      // As in stored.
    }
  }

  return { shown, choose }
}

/** The columns of a file that has what the table shows. */
export const fileColumns = (shown: readonly ColumnId[]): string[] => [
  'title',
  ...COLUMNS.flatMap(({ id, files }) => (shown.includes(id) ? files : [])),
]
