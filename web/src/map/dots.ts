/**
 * The dots that many points are drawn as.
 *
 * MapLibre's circles are two triangles each, of which a machine without a graphics card draws 20,000 in the time that
 * all else takes together. Here each is a point of the graphics interface, for about a tenth of that. Where the circles would
 * be drawn the dots are; the circles themselves are there for clicks alone.
 */
import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibre } from "maplibre-gl";

import type { CollectionPoint } from "../api/types";
import { token } from "../state/theme";
import { POINT_STATES, type PointState } from "../state/visits";
import { DOT_BYTES, dotVertices, type DotVertices, type Rgba } from "./dot-vertices";
import { matrixFrom, startProgram, type Graphics } from "./graphics";
import { DOT_HALO_PX, DOT_RADII_PX, sizeAt } from "./style";

/** In the older language of shaders, which every browser that draws the map knows. */
const VERTEX_SHADER = `
attribute vec2 place;
attribute vec4 colour;
uniform mat4 matrix;
uniform float width;
varying vec4 body;
void main() {
  gl_Position = matrix * vec4(place, 0, 1);
  gl_PointSize = width;
  body = colour;
}`;

const FRAGMENT_SHADER = `
precision mediump float;
varying vec4 body;
uniform vec2 radii;
uniform vec4 halo;
void main() {
  float fromMiddle = distance(gl_PointCoord, vec2(0.5)) * 2.0 * radii.y;
  vec4 colour = mix(body, halo, smoothstep(radii.x - 0.5, radii.x + 0.5, fromMiddle));
  gl_FragColor = colour * (1.0 - smoothstep(radii.y - 1.0, radii.y, fromMiddle));
}`;

/** The layer of the map that draws the dots, for as long as its style has the colours of now. */
export class Dots implements CustomLayerInterface {
  readonly id = "points-dots-drawn";
  readonly type = "custom";
  private readonly colours: Readonly<Record<PointState, Rgba>>;
  private readonly halo: Rgba;
  private vertices: DotVertices = { origin: [0, 0], bytes: new ArrayBuffer(0), count: 0 };
  private isSent = false;
  private drawing: Drawing | null = null;

  /** `isDrawn` tells at each frame whether the dots are wanted. */
  constructor(
    private readonly map: MapLibre,
    private readonly isDrawn: () => boolean,
  ) {
    const entries = POINT_STATES.map((state) => [state, rgbaOf(token(`state-${state}`))] as const);
    this.colours = Object.fromEntries(entries) as Record<PointState, Rgba>;
    this.halo = rgbaOf(token("map-halo"));
  }

  /** Draw these points from the next frame on. */
  show(points: readonly CollectionPoint[], states: ReadonlyMap<string, PointState>): void {
    this.vertices = dotVertices(points, states, this.colours);
    this.isSent = false;
    this.map.triggerRepaint();
  }

  onAdd(_: MapLibre, gl: Graphics): void {
    this.drawing = {
      program: startProgram(gl, VERTEX_SHADER, FRAGMENT_SHADER, ["place", "colour"]),
      buffer: gl.createBuffer(),
    };
    this.isSent = false;
  }

  onRemove(_: MapLibre, gl: Graphics): void {
    gl.deleteProgram(this.drawing?.program ?? null);
    gl.deleteBuffer(this.drawing?.buffer ?? null);
    this.drawing = null;
  }

  render(gl: Graphics, input: CustomRenderMethodInput): void {
    const { bytes, count, origin } = this.vertices;
    if (this.drawing === null || count === 0 || !this.isDrawn()) return;
    const { program, buffer } = this.drawing;
    gl.useProgram(program);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    if (!this.isSent) gl.bufferData(gl.ARRAY_BUFFER, bytes, gl.STATIC_DRAW);
    this.isSent = true;
    gl.enableVertexAttribArray(PLACE);
    gl.vertexAttribPointer(PLACE, 2, gl.FLOAT, false, DOT_BYTES, 0);
    gl.enableVertexAttribArray(COLOUR);
    gl.vertexAttribPointer(COLOUR, 4, gl.UNSIGNED_BYTE, true, DOT_BYTES, 8);
    this.setUniforms(gl, this.drawing, matrixFrom(origin, input.defaultProjectionData.mainMatrix));
    // The map's layers lie in the order in which they are drawn.
    gl.disable(gl.DEPTH_TEST);
    gl.drawArrays(gl.POINTS, 0, count);
  }

  private setUniforms(gl: Graphics, { program }: Drawing, matrix: Float32Array): void {
    const { pixelRatio } = this.map.painter;
    const inner = sizeAt(DOT_RADII_PX, this.map.getZoom()) * pixelRatio;
    const outer = inner + DOT_HALO_PX * pixelRatio;
    gl.uniformMatrix4fv(gl.getUniformLocation(program, "matrix"), false, matrix);
    gl.uniform1f(gl.getUniformLocation(program, "width"), 2 * outer);
    gl.uniform2f(gl.getUniformLocation(program, "radii"), inner, outer);
    const halo = this.halo.map((part) => part / 255);
    gl.uniform4fv(gl.getUniformLocation(program, "halo"), halo);
  }
}

interface Drawing {
  program: WebGLProgram;
  buffer: WebGLBuffer;
}

const [PLACE, COLOUR] = [0, 1];

/** A colour of the style sheets, in whatever way it is written there. */
function rgbaOf(colour: string): Rgba {
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  if (pen === null) return [0, 0, 0, 255];
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data] as unknown as Rgba;
}
