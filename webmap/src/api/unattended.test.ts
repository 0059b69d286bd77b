import { expect, it, vi } from 'vitest'

/** Methods and paths of what was sent, those that are marked with a star. */
async function setup() {
  const sent: string[] = []
  vi.stubGlobal('fetch', async (request: Request) => {
    const mark = request.headers.get('Jingwei-Unattended') === '1' ? '*' : ''
    sent.push(`${request.method} ${new URL(request.url).pathname}${mark}`)
    return new Response('{}', { headers: { 'Content-Type': 'application/json' } })
  })
  vi.resetModules()
  const unattended = await import('./unattended.ts')
  const { api } = await import('./client.ts')
  const { sceneApi } = await import('../wall/scenes/api.ts')
  return { sent, unattended, api, sceneApi }
}

it('marks what a page that stands alone reads by itself, and nothing that a hand does', async () => {
  const { sent, unattended, api, sceneApi } = await setup()
  await api.about()
  expect(unattended.headersAlone()).toEqual({})
  unattended.standAlone()
  expect(unattended.headersAlone()).toEqual({ 'Jingwei-Unattended': '1' })
  await api.items()
  await api.items()
  await sceneApi.arrange([])
  dispatchEvent(new Event('pointerdown'))
  await api.incident('1')
  await api.about()
  expect(sent).toEqual([
    'GET /api/v1/about',
    'GET /api/v1/items',
    'GET /api/v1/items*',
    'PUT /api/v1/scenes/order',
    'GET /api/v1/incidents/1',
    'GET /api/v1/about*',
  ])
})
