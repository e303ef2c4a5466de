package io.bascule.store.v2;

import io.bascule.core.volume.StoreException;
import io.bascule.store.v2.Entry.Kind;
import io.bascule.store.v2.Segment.State;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The meta page: everything of a checkpoint but the leaves and nodes themselves, and where those
 * lie.
 */
record Meta(
    int nextNumber,
    int nextNode,
    long nextSerial,
    List<int[]> trees,
    List<Volume> volumes,
    List<Place> nodes,
    List<Place> groups,
    List<Extent> segments) {

  /** A volume, its map given as the number of its tree in the list. */
  record Volume(
      int number,
      int family,
      int source,
      Kind kind,
      int tree,
      UUID uuid,
      long createdMillis,
      long sizeBytes,
      long mappedBlocks) {}

  record Place(int id, Page.At at) {}

  /** A segment as it was. */
  record Extent(
      int slot,
      long serial,
      boolean cold,
      State state,
      int dataEnd,
      int fileBytes,
      int totalBlocks,
      long liveBlocks,
      long firstSeq,
      long lastSeq) {}

  static final Struct HEAD = new Struct("Meta");

  static {
    HEAD.field(4, "number of the next volume");
    HEAD.field(4, "number of the next node");
    HEAD.field(8, "serial of the next segment");
    HEAD.field(4, "trees, volumes, places of nodes, of groups, segments: how many trees");
    HEAD.field(4, "how many volumes");
    HEAD.field(4, "how many places of nodes");
    HEAD.field(4, "how many places of groups of leaves");
    HEAD.field(4, "how many segments");
  }

  static final int HEAD_BYTES = HEAD.end(36);
  static final Struct VOLUME = new Struct("Volume, in meta");

  static {
    VOLUME.field(4, "number");
    VOLUME.field(4, "family");
    VOLUME.field(4, "number of the volume it was made from, 0 if none");
    VOLUME.field(4, "0 volume, 1 snapshot, 2 deleted, its space not yet given back");
    VOLUME.field(4, "its tree, as a place in the list of trees");
    VOLUME.field(16, "UUID");
    VOLUME.field(8, "time of creation, milliseconds since 1970");
    VOLUME.field(8, "size in bytes");
    VOLUME.field(8, "blocks that are not holes");
  }

  static final int VOLUME_BYTES = VOLUME.end(60);
  static final Struct SEGMENT = new Struct("Segment, in meta");

  static {
    SEGMENT.field(4, "slot");
    SEGMENT.field(8, "serial");
    SEGMENT.field(4, "0 from hosts, 1 from cleaning");
    SEGMENT.field(4, "0 open, 1 full, 2 sealed");
    SEGMENT.field(4, "where its batches end");
    SEGMENT.field(4, "bytes of the file");
    SEGMENT.field(4, "blocks written to it");
    SEGMENT.field(8, "blocks that leaves refer to");
    SEGMENT.field(8, "number of its first batch, 0 if none");
    SEGMENT.field(8, "number of its last batch");
  }

  static final int SEGMENT_BYTES = SEGMENT.end(56);

  byte[] encode() {
    var bytes = new ByteArrayOutputStream();
    try (var out = new DataOutputStream(bytes)) {
      out.writeInt(nextNumber);
      out.writeInt(nextNode);
      out.writeLong(nextSerial);
      for (var list : List.of(trees, volumes, nodes, groups, segments)) {
        out.writeInt(list.size());
      }
      for (int[] tree : trees) {
        out.writeInt(tree.length);
        for (int node : tree) {
          out.writeInt(node);
        }
      }
      for (var volume : volumes) {
        write(out, volume);
      }
      for (var places : List.of(nodes, groups)) {
        for (var place : places) {
          var entry = ByteBuffer.allocate(Page.PLACE_BYTES);
          var at = place.at;
          PageWriter.putPlace(entry, 0, place.id, at.file(), at.offset(), at.bytes());
          out.write(entry.array());
        }
      }
      for (var segment : segments) {
        write(out, segment);
      }
    } catch (IOException e) {
      throw new IllegalStateException("an array in memory", e);
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, Volume volume) throws IOException {
    out.writeInt(volume.number);
    out.writeInt(volume.family);
    out.writeInt(volume.source);
    out.writeInt(volume.kind.code);
    out.writeInt(volume.tree);
    out.writeLong(volume.uuid.getMostSignificantBits());
    out.writeLong(volume.uuid.getLeastSignificantBits());
    out.writeLong(volume.createdMillis);
    out.writeLong(volume.sizeBytes);
    out.writeLong(volume.mappedBlocks);
  }

  private static void write(DataOutputStream out, Extent segment) throws IOException {
    out.writeInt(segment.slot);
    out.writeLong(segment.serial);
    out.writeInt(segment.cold ? 1 : 0);
    out.writeInt(segment.state.code);
    out.writeInt(segment.dataEnd);
    out.writeInt(segment.fileBytes);
    out.writeInt(segment.totalBlocks);
    out.writeLong(segment.liveBlocks);
    out.writeLong(segment.firstSeq);
    out.writeLong(segment.lastSeq);
  }

  /** Decodes a page that passed its checksum. */
  static Meta decode(ByteBuffer page) {
    var body = new ByteArrayInputStream(page.array(), Page.HEAD_BYTES, page.getInt(Page.BODY));
    try (var in = new DataInputStream(body)) {
      int nextNumber = in.readInt();
      int nextNode = in.readInt();
      long nextSerial = in.readLong();
      int treeCount = in.readInt();
      int volumeCount = in.readInt();
      int nodeCount = in.readInt();
      int groupCount = in.readInt();
      int segmentCount = in.readInt();
      var trees = new ArrayList<int[]>();
      for (int i = 0; i < treeCount; i++) {
        int[] tree = new int[in.readInt()];
        for (int j = 0; j < tree.length; j++) {
          tree[j] = in.readInt();
        }
        trees.add(tree);
      }
      var volumes = new ArrayList<Volume>();
      for (int i = 0; i < volumeCount; i++) {
        volumes.add(readVolume(in));
      }
      var nodes = readPlaces(in, nodeCount);
      var groups = readPlaces(in, groupCount);
      var segments = new ArrayList<Extent>();
      for (int i = 0; i < segmentCount; i++) {
        segments.add(readSegment(in));
      }
      return new Meta(nextNumber, nextNode, nextSerial, trees, volumes, nodes, groups, segments);
    } catch (IOException | IllegalArgumentException | NegativeArraySizeException e) {
      throw new StoreException.Corrupt("the meta page makes no sense: " + e.getMessage());
    }
  }

  private static Volume readVolume(DataInputStream in) throws IOException {
    int number = in.readInt();
    int family = in.readInt();
    int source = in.readInt();
    var kind = kind(in.readInt());
    int tree = in.readInt();
    var uuid = new UUID(in.readLong(), in.readLong());
    return new Volume(
        number, family, source, kind, tree, uuid, in.readLong(), in.readLong(), in.readLong());
  }

  private static Kind kind(int code) {
    for (var kind : Kind.values()) {
      if (kind.code == code) {
        return kind;
      }
    }
    throw new IllegalArgumentException("kind " + code);
  }

  private static List<Place> readPlaces(DataInputStream in, int count) throws IOException {
    var places = new ArrayList<Place>();
    for (int i = 0; i < count; i++) {
      int id = in.readInt();
      int file = in.readInt();
      long offset = in.readLong();
      places.add(new Place(id, new Page.At(file, offset, in.readInt())));
    }
    return places;
  }

  private static Extent readSegment(DataInputStream in) throws IOException {
    int slot = in.readInt();
    long serial = in.readLong();
    boolean cold = in.readInt() != 0;
    var state = State.of(in.readInt());
    return new Extent(
        slot,
        serial,
        cold,
        state,
        in.readInt(),
        in.readInt(),
        in.readInt(),
        in.readLong(),
        in.readLong(),
        in.readLong());
  }
}
