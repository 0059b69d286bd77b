import { describe, expect, it } from 'vitest'
import { axe, shot, visit } from './harness.ts'

describe('the API page', () => {
  it('shows the operations of this server, from this server alone', async () => {
    const { page, complaints } = await visit('/docs')
    await page.getByText('/api/v1/snap').first().waitFor()
    await page
      .getByRole('button', { name: /get ​?\/api​?\/v1​?\/about/i })
      .first()
      .click()
    await page.getByRole('button', { name: 'Try it out' }).click()
    await page.getByRole('button', { name: 'Execute' }).click()
    await page.locator('.responses-table.live-responses-table .response-col_status', { hasText: '200' }).waitFor()
    await shot(page, 'docs')
    expect(complaints).toEqual([])
  })

  it('passes axe', async () => {
    const { page } = await visit('/docs')
    await page.getByText('/api/v1/snap').first().waitFor()
    // All are in Swagger UI's own markup: an operation's copy button inside its toggle, tags under h3, a title outside its main.
    expect(await axe(page, ['nested-interactive', 'heading-order', 'region'])).toEqual([])
  })
})
