import type { Reason } from './types.ts'

/** What the address carries: which of the two queues, and of the first which reason. */
export interface PageState {
  queue: 'places' | 'tickets'
  kind: Reason
}

export function parseState(search: string): PageState {
  const fields = new URLSearchParams(search)
  const kind = fields.get('kind')
  return {
    queue: fields.get('queue') === 'tickets' ? 'tickets' : 'places',
    kind: kind === 'outside' || kind === 'border' ? kind : null,
  }
}

export function formatState({ queue, kind }: PageState): string {
  const fields = new URLSearchParams()
  if (queue === 'tickets') fields.set('queue', queue)
  else if (kind) fields.set('kind', kind)
  const text = fields.toString()
  return text && `?${text}`
}
