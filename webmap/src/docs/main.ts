import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js'
import 'swagger-ui-dist/swagger-ui.css'
import '../base.css'
import './docs.css'
import { parseHash } from '../explore/url.ts'
import { lang, t } from '../i18n/index.ts'

const asked = parseHash(location.hash).lang
if (asked) lang.value = asked
document.title = t('docs.title')

const app = document.querySelector<HTMLElement>('#app')
if (app) {
  const bar = document.createElement('header')
  bar.className = 'docs-bar'
  const home = document.createElement('a')
  home.href = '/'
  home.textContent = t('docs.home')
  const raw = document.createElement('a')
  raw.href = '/api/v1/openapi.json'
  raw.textContent = 'openapi.json'
  bar.append(home, raw)
  // Swagger UI brings its own main landmark.
  const pages = document.createElement('div')
  app.append(bar, pages)
  SwaggerUI({
    domNode: pages,
    url: '/api/v1/openapi.json',
    deepLinking: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    tryItOutEnabled: false,
    // No badge: it would ask a validator on the internet.
    validatorUrl: null,
  })
}
