declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  /** Draws the pages of an OpenAPI document; the options are those of Swagger UI's configuration guide. */
  export default function SwaggerUI(options: {
    domNode: HTMLElement
    url: string
    deepLinking?: boolean
    displayRequestDuration?: boolean
    defaultModelsExpandDepth?: number
    tryItOutEnabled?: boolean
    validatorUrl?: string | null
    onComplete?: () => void
  }): void
}
