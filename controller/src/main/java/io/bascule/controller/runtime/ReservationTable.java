package io.bascule.controller.runtime;

import io.bascule.controller.state.StateDb;
import io.bascule.controller.state.StateDbException;
import io.bascule.core.Refusal;
import io.bascule.core.api.ErrorCode;
import io.bascule.core.volume.StoreException;
import io.bascule.iscsi.ReservationStore;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The table of reservations in state.db, a row for each volume. Any thread may call. */
final class ReservationTable implements ReservationStore {
  private final StateDb db;
  private final String power;

  /** {@code power}: see {@link io.bascule.platform.PowerSupply#current}. */
  ReservationTable(StateDb db, String power) {
    this.db = db;
    this.power = power;
  }

  @Override
  public String power() {
    return power;
  }

  /** One row. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Row(UUID volume, byte[] content) {}

  @Override
  public Map<UUID, byte[]> load() {
    List<Row> rows =
        db.transaction(sql ->
            sql.list(
                "SELECT volume, content FROM reservations",
                row -> new Row(UUID.fromString(row.getString(1)), row.getBytes(2))));
    var all = new HashMap<UUID, byte[]>();
    rows.forEach(row -> all.put(row.volume(), row.content()));
    return all;
  }

  @Override
  public void save(UUID volume, byte[] content) {
    int rows;
    try {
      // A volume that is being deleted gets none, or its row would stay for ever.
      rows =
          db.transaction(sql ->
              sql.update(
                  "INSERT INTO reservations SELECT uuid, ? FROM volumes"
                      + " WHERE uuid = ? AND state = 'READY'"
                      + " ON CONFLICT (volume) DO UPDATE SET content = excluded.content",
                  content,
                  volume.toString()));
    } catch (Refusal e) {
      throw e.code() == ErrorCode.NO_SPACE
          ? new StoreException.Full("the reservations of " + volume + " cannot be kept", e)
          : new StoreException.Io("the reservations of " + volume + " cannot be kept", e);
    } catch (StateDbException e) {
      throw new StoreException.Io("the reservations of " + volume + " cannot be kept", e);
    }
    if (rows == 0) {
      throw new StoreException.Io(
          "volume " + volume + " is being deleted", new IllegalStateException("no such volume"));
    }
  }
}
