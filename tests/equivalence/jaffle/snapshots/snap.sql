{% snapshot snap %}
{{ config(target_schema="main", unique_key="id", strategy="check", check_cols=["id"]) }}
select id from {{ ref("stg") }}
{% endsnapshot %}
