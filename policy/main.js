// Pulumi's runner compiles a TypeScript entry by rules of its own; what a JavaScript entry imports is Node's own business.
import "./index.ts";
