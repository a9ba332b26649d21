/**
 * The marks that many trucks are drawn as.
 *
 * MapLibre's symbols cost a machine without a graphics card a third of each frame with 1,500 trucks. Here each is a point
 * of the graphics interface that shows its state's icon, turned. Where they are drawn the trucks' circles are there for
 * clicks alone.
 */
import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibre } from "maplibre-gl";

import { matrixFrom, startProgram, type Graphics } from "./graphics";
import { ICON_PIXEL_RATIO, TRUCK_ICON_PX } from "./icons";
import { sizeAt, TRUCK_SIZES } from "./style";
import { TRUCK_BYTES, TRUCK_STATES, truckVertices, type TruckVertices } from "./truck-vertices";

const VERTEX_SHADER = `
attribute vec2 place;
attribute float turn;
attribute float state;
uniform mat4 matrix;
uniform float width;
varying vec2 ahead;
varying float icon;
void main() {
  gl_Position = matrix * vec4(place, 0, 1);
  gl_PointSize = width;
  ahead = vec2(cos(turn), sin(turn));
  icon = state;
}`;

const FRAGMENT_SHADER = `
precision mediump float;
varying vec2 ahead;
varying float icon;
uniform sampler2D icons;
uniform float iconCount;
void main() {
  vec2 off = gl_PointCoord - 0.5;
  vec2 at = vec2(ahead.x * off.x + ahead.y * off.y, ahead.x * off.y - ahead.y * off.x) + 0.5;
  if (any(greaterThan(abs(at - 0.5), vec2(0.5)))) discard;
  gl_FragColor = texture2D(icons, vec2((icon + at.x) / iconCount, at.y));
}`;

/** The layer of the map that draws the marks, for as long as its style has the colours of now. */
export class TruckMarks implements CustomLayerInterface {
  readonly id = "trucks-drawn";
  readonly type = "custom";
  private vertices: TruckVertices = truckVertices([]);
  private drawing: Drawing | null = null;

  /** `isDrawn` tells at each frame whether the marks are wanted; `icons` has one for each state. */
  constructor(
    private readonly map: MapLibre,
    private readonly isDrawn: () => boolean,
    private readonly icons: ReadonlyMap<string, ImageData>,
  ) {}

  /** Draw these trucks from the next frame on. */
  show(trucks: GeoJSON.FeatureCollection): void {
    this.vertices = truckVertices(trucks.features);
    if (this.drawing !== null) this.drawing.isSent = false;
    this.map.triggerRepaint();
  }

  onAdd(_: MapLibre, gl: Graphics): void {
    this.drawing = {
      program: startProgram(gl, VERTEX_SHADER, FRAGMENT_SHADER, ["place", "turn", "state"]),
      buffer: gl.createBuffer(),
      texture: gl.createTexture(),
      isSent: false,
      hasIcons: false,
    };
  }

  onRemove(_: MapLibre, gl: Graphics): void {
    gl.deleteProgram(this.drawing?.program ?? null);
    gl.deleteBuffer(this.drawing?.buffer ?? null);
    gl.deleteTexture(this.drawing?.texture ?? null);
    this.drawing = null;
  }

  render(gl: Graphics, input: CustomRenderMethodInput): void {
    const { drawing, vertices } = this;
    if (drawing === null || vertices.count === 0 || !this.isDrawn()) return;
    gl.useProgram(drawing.program);
    gl.bindTexture(gl.TEXTURE_2D, drawing.texture);
    if (!drawing.hasIcons) this.sendIcons(gl);
    drawing.hasIcons = true;
    gl.bindBuffer(gl.ARRAY_BUFFER, drawing.buffer);
    if (!drawing.isSent) gl.bufferData(gl.ARRAY_BUFFER, vertices.numbers, gl.DYNAMIC_DRAW);
    drawing.isSent = true;
    [2, 1, 1].forEach((length, attribute) => {
      gl.enableVertexAttribArray(attribute);
      gl.vertexAttribPointer(attribute, length, gl.FLOAT, false, TRUCK_BYTES, FIRST_BYTES[attribute] ?? 0);
    });
    this.setUniforms(gl, drawing.program, matrixFrom(vertices.origin, input.defaultProjectionData.mainMatrix));
    // The map's layers lie in the order in which they are drawn.
    gl.disable(gl.DEPTH_TEST);
    gl.drawArrays(gl.POINTS, 0, vertices.count);
  }

  private setUniforms(gl: Graphics, program: WebGLProgram, matrix: Float32Array): void {
    const widthPx = TRUCK_ICON_PX * sizeAt(TRUCK_SIZES, this.map.getZoom()) * this.map.painter.pixelRatio;
    gl.uniformMatrix4fv(gl.getUniformLocation(program, "matrix"), false, matrix);
    gl.uniform1f(gl.getUniformLocation(program, "width"), widthPx);
    gl.uniform1f(gl.getUniformLocation(program, "iconCount"), TRUCK_STATES.length);
    gl.uniform1i(gl.getUniformLocation(program, "icons"), 0);
  }

  /** Send the icons side by side, in the order of the states. */
  private sendIcons(gl: Graphics): void {
    const sidePx = TRUCK_ICON_PX * ICON_PIXEL_RATIO;
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texImage2D(
      ...([gl.TEXTURE_2D, 0, gl.RGBA, sidePx * TRUCK_STATES.length, sidePx, 0] as const),
      ...([gl.RGBA, gl.UNSIGNED_BYTE, null] as const),
    );
    TRUCK_STATES.forEach((state, index) => {
      const icon = this.icons.get(`truck-${state}`);
      if (icon !== undefined) {
        gl.texSubImage2D(gl.TEXTURE_2D, 0, index * sidePx, 0, gl.RGBA, gl.UNSIGNED_BYTE, icon);
      }
    });
    for (const direction of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) {
      gl.texParameteri(gl.TEXTURE_2D, direction, gl.CLAMP_TO_EDGE);
    }
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
  }
}

/** Where in a vertex the place, the turn and the state begin. */
const FIRST_BYTES = [0, 8, 12];

interface Drawing {
  program: WebGLProgram;
  buffer: WebGLBuffer;
  texture: WebGLTexture;
  isSent: boolean;
  hasIcons: boolean;
}
